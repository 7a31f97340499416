"""Takes rights away while events go on, and gives them back: whoever has lost one hears nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from api.prove.client import Client
from api.prove.plan import Options, Progress
from api.prove.record import Record
from api.prove.stage import Person, Stage

BARRED_FOR_S = 0.4  # a worker looks at the whole log at least every 0.25 s
CONNECTED_WITHIN_S = 5


@dataclass(frozen=True)
class Loss:
    """A right that is lost. `resumes`: who was signed out goes on where the connection was."""

    people: Sequence[Person]
    channel_ids: Sequence[int]
    topics: Sequence[str]
    take: Callable[[], Awaitable[Any]]
    give: Callable[[], Awaitable[Any]]
    resumes: bool = False


@dataclass
class Rights:
    options: Options
    progress: Progress
    stage: Stage
    clients: Sequence[Client]
    record: Record
    taken: int = 0

    async def run(self) -> None:
        """Take rights away at their moments; the last of each kind is not given back."""
        kinds = (self.council, self.studio, self.club, self.session)
        others = self.stage.people[1:]
        draw = self.options.random("whose right")
        moments = self.options.moments(self.options.removals if others else 0, "rights")
        for number, at in enumerate(moments):
            await self.progress.reach(at)
            loss = kinds[number % len(kinds)](draw.choice(others))
            for_good = number >= max(len(kinds), len(moments) - len(kinds))
            await self.suffer(loss, number, for_good=for_good)

    async def suffer(self, loss: Loss, number: int, *, for_good: bool) -> None:
        clients = [client for client in self.clients if client.person in loss.people]
        await self.one_connected(clients)
        await loss.take()
        self.taken += 1
        heads = await self.stage.heads()
        barred = [
            (client, topic)
            for client in clients
            for topic in loss.topics
            if client.places[topic].bar(heads[topic])
        ]
        for channel_id in loss.channel_ids:
            await self.write_secret(channel_id, number)
        if for_good:
            return
        await asyncio.sleep(BARRED_FOR_S)
        for client, topic in barred:
            client.places[topic].barred_behind = None
        await loss.give()
        if not loss.resumes:
            heads = await self.stage.heads()
            for client, topic in barred:
                await client.follow_again(topic, heads[topic])

    async def write_secret(self, channel_id: int, number: int) -> None:
        post = await self.stage.owner.http.ask(
            "POST",
            f"/api/channels/{channel_id}/posts",
            {"text": f"secret {number}"},
            key=f"{self.options.seed}-secret-{number}-{channel_id}",
        )
        self.record.acknowledged[post["id"]] = f"channel:{channel_id}"

    async def one_connected(self, clients: Sequence[Client]) -> None:
        """Wait until somebody is connected to whom it could leak, but not for ever."""
        waiting = [asyncio.create_task(client.connected.wait()) for client in clients]
        await asyncio.wait(waiting, timeout=CONNECTED_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    def council(self, person: Person) -> Loss:
        stage, ask = self.stage, self.stage.owner.http.ask
        path = f"/api/channels/{stage.council_id}/members/{person.id}"
        return Loss(
            [person],
            [stage.council_id],
            [f"channel:{stage.council_id}"],
            partial(ask, "DELETE", path, done=[404]),
            partial(ask, "PUT", path),
        )

    def studio(self, _: Person) -> Loss:
        """Make the studio private, so that only the owner may read it."""
        stage, ask = self.stage, self.stage.owner.http.ask
        path = f"/api/channels/{stage.studio_id}"
        return Loss(
            stage.people[1:],
            [stage.studio_id],
            [f"channel:{stage.studio_id}"],
            partial(ask, "PATCH", path, {"kind": "private"}),
            partial(ask, "PATCH", path, {"kind": "open", "publish_history": True}),
        )

    def club(self, person: Person) -> Loss:
        stage = self.stage
        path = f"/api/groups/{stage.club_id}/members/{person.id}"
        joining = {"join_code": stage.club_code}
        return Loss(
            [person],
            [stage.den_id],
            [f"group:{stage.club_id}", f"channel:{stage.den_id}"],
            partial(stage.owner.http.ask, "DELETE", path, done=[404]),
            partial(person.http.ask, "POST", "/api/memberships", joining, done=[409]),
        )

    def session(self, person: Person) -> Loss:
        stage = self.stage
        channels = [stage.hall_id, stage.council_id, stage.studio_id, stage.den_id]
        topics = [f"channel:{channel_id}" for channel_id in channels]
        groups = [f"group:{stage.group_id}", f"group:{stage.club_id}"]
        return Loss(
            [person], channels, topics + groups, person.sign_out, person.sign_in, resumes=True
        )
