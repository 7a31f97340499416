"""State fetched before + events applied = state fetched after, whatever was done between.

What is fetched and what is live must agree for every operation; this is what a client builds on.
"""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.people import Person
from tests.support.screen import Screen

OPERATIONS = 120
MENTIONS = ("", "@bob", "@ann and @mia")

Operation = Callable[[], Awaitable[Any]]


class Chaos:
    """Random operations of people; some are refused, and then nothing may have changed."""

    def __init__(self, people: Cast) -> None:
        self.people = people
        self.group = f"/api/groups/{people.group['id']}"
        self.channel_ids = [people.channel["id"]]
        self.post_ids: list[int] = []
        self.file_ids: list[int] = []
        self.score_ids: list[int] = []

    async def step(self) -> None:
        who = random.choice((self.people.ann, self.people.mia, self.people.bob))
        often = [self.write, self.reply, self.react] * 2
        sometimes = [self.take_back, self.edit, self.delete, self.rename, self.promote, self.play]
        seldom = [self.make_channel, self.change_channel, self.let_in, self.take_out]
        shared = [self.write_with_file, self.delete_file, self.save, self.save, self.clear]
        shared += [self.take_score_back]
        operation = random.choice([*often, *sometimes, *seldom, *shared])
        answer = await operation(who)
        assert answer.status < 500, answer.body

    def post(self) -> str:
        return f"/api/posts/{random.choice(self.post_ids[-5:] or [1])}"

    def channel(self) -> str:
        first = random.random() < 0.6
        return f"/api/channels/{self.channel_ids[0] if first else random.choice(self.channel_ids)}"

    async def write(self, who: Person, parent_id: int | None = None) -> Any:
        form = {"text": f"text {random.random()}", "parent_id": parent_id}
        answer = await who.ask("POST", f"{self.channel()}/posts", form)
        if answer.status == 201:
            self.post_ids.append(answer.body["id"])
        return answer

    async def reply(self, who: Person) -> Any:
        return await self.write(who, random.choice(self.post_ids[-5:] or [1]))

    async def edit(self, who: Person) -> Any:
        return await who.ask(
            "PATCH", self.post(), {"text": f"edited {random.random()} {random.choice(MENTIONS)}"}
        )

    async def delete(self, who: Person) -> Any:
        return await who.ask("DELETE", self.post())

    async def react(self, who: Person) -> Any:
        return await who.ask("PUT", f"{self.post()}/reactions/{random.choice('👍🎉')}")

    async def take_back(self, who: Person) -> Any:
        return await who.ask("DELETE", f"{self.post()}/reactions/{random.choice('👍🎉')}")

    async def write_with_file(self, who: Person) -> Any:
        file = await who.upload(f"{random.random()}".encode())
        self.file_ids.append(file["id"])
        form = {"text": random.choice(MENTIONS), "file_ids": [file["id"]]}
        answer = await who.ask("POST", f"{self.channel()}/posts", form)
        if answer.status == 201:
            self.post_ids.append(answer.body["id"])
        return answer

    async def delete_file(self, who: Person) -> Any:
        return await who.ask("DELETE", f"/api/files/{random.choice(self.file_ids or [1])}")

    async def save(self, who: Person) -> Any:
        return await who.ask("PUT", self.document(), {"value": random.random()})

    async def clear(self, who: Person) -> Any:
        return await who.ask("DELETE", self.document())

    def document(self) -> str:
        return f"{self.channel()}/documents/{random.choice('abc')}"

    async def play(self, who: Person) -> Any:
        score = {"game": "snake", "points": random.randrange(100)}
        answer = await who.ask("POST", f"{self.channel()}/scores", score)
        if answer.status == 201:
            self.score_ids.append(answer.body["id"])
        return answer

    async def take_score_back(self, who: Person) -> Any:
        return await who.ask("DELETE", f"/api/scores/{random.choice(self.score_ids or [1])}")

    async def rename(self, who: Person) -> Any:
        return await who.ask("PATCH", "/api/me", {"name": f"Name {random.random()}"})

    async def make_channel(self, who: Person) -> Any:
        form = {"name": "new", "kind": random.choice(("open", "announce", "private"))}
        answer = await who.ask("POST", f"{self.group}/channels", form)
        if answer.status == 201:
            self.channel_ids.append(answer.body["id"])
        return answer

    async def change_channel(self, who: Person) -> Any:
        if random.random() < 0.2 and len(self.channel_ids) > 2:
            return await who.ask("DELETE", self.channel())
        changes = random.choice(
            [{"name": "other"}, *({"kind": kind} for kind in ("open", "announce", "private"))]
        )
        return await who.ask("PATCH", self.channel(), changes)

    async def let_in(self, who: Person) -> Any:
        return await who.ask("PUT", f"{self.channel()}/members/{self.people.bob.id}")

    async def take_out(self, who: Person) -> Any:
        return await who.ask("DELETE", f"{self.channel()}/members/{self.people.bob.id}")

    async def promote(self, who: Person) -> Any:
        role = {"role": random.choice(("member", "moderator"))}
        return await who.ask("PUT", f"{self.group}/members/{self.people.bob.id}", role)


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_fetched_and_what_is_live_agree(people: Cast, url: str, seed: int) -> None:
    random.seed(seed)
    chaos = Chaos(people)
    for _ in range(OPERATIONS // 3):
        await chaos.step()
    followed = await Screen(people.group["id"]).fetch(people.bob)
    caught_up = await Screen(people.group["id"]).fetch(people.bob)
    assert followed.live == caught_up.live
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(followed.live)
        for _ in range(OPERATIONS):
            await chaos.step()
        await _compare(followed, live, people)
    async with LiveClient(url, people.bob.token) as late:
        await late.hello(caught_up.live)
        await _compare(caught_up, late, people)


async def _compare(screen: Screen, live: LiveClient, people: Cast) -> None:
    """With what is fetched now, once the client has every event that is there."""
    fetched = await Screen(people.group["id"]).fetch(people.bob)
    denied = {m["topic"] for m in live.messages if m["type"] == "error"}
    for topic, seq in fetched.live["topics"].items():
        if topic in screen.live["topics"] and topic not in denied:
            await live.until(
                lambda m, topic=topic, seq=seq: (
                    m.get("topic") == topic  # type: ignore[misc]
                    and (m["type"] == "revoked" or m.get("seq", -1) >= seq)
                )
            )
    for topic in denied:
        screen.apply({"type": "revoked", "topic": topic})
    for message in live.messages:
        if "topic" in message:
            screen.apply(message)
    followed = {
        int(topic.partition(":")[2]) for topic in screen.live["topics"] if "channel" in topic
    }
    still = {m["topic"] for m in live.messages if m["type"] == "revoked"} | denied
    compared = {i for i in followed if f"channel:{i}" not in still}
    assert screen.shown(compared) == fetched.shown(compared)
