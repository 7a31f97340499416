"""Things that are there for the requests of tests, made by the examples of all resources."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from quart import Quart

from api.context import Services
from api.mail.address import mail_server
from api.mail.outbox import Outbox
from model.account_link import Purpose, make_link
from tests.support.cast import Cast
from tests.support.examples import (
    Example,
    Request,
    ask,
    example_of,
    example_that_makes,
    filled,
    parameters,
    plain_values,
)
from tests.support.exporting import until_made
from tests.support.people import Person, sign_up

PLAIN = {"sha256": "0" * 64}
LINKS = {"reset_token": Purpose.RESET, "email_token": Purpose.EMAIL}
NO_MAIL_SERVER = "smtp://localhost:9"  # nobody is there


@dataclass
class Thing:
    """Its name in paths; what was made has a view."""

    name: Any
    view: Mapping[str, Any] = field(default_factory=dict)
    maker: Person | None = None


class World:
    """The cast's group and channel, and whatever else a path needs: made anew each time."""

    def __init__(self, app: Quart, services: Services, people: Cast) -> None:
        self.app, self.services, self.people = app, services, people
        self.standing: dict[str, Any] = {
            "group_id": people.group["id"],
            "channel_id": people.channel["id"],
            "user_id": people.bob.id,
            "topic": f"group:{people.group['id']}",
            **PLAIN,
        }
        self._numbers = itertools.count()
        self._few: dict[tuple[str, int], Thing] = {}  # by their name and who has made them
        services.outbox = Outbox(mail_server(NO_MAIL_SERVER), "tests@example.org", "http://h.test")

    async def person(self, name: str) -> Person:
        if name != "guest":
            return self.people.named(name)
        username, database = self.new_name(), self.services.database
        return await sign_up(self.app, database, username, email=f"{username}@example.org")

    def new_name(self) -> str:
        return f"guest{next(self._numbers)}"

    async def asker(self, operation: str) -> Person:
        """Who may: as the example of it says, or root under `/api/admin`, or ann."""
        if example := example_of(operation):
            return await self.person(example.by[0])
        return self.people.root if " /api/admin" in operation else self.people.ann

    async def request(self, example: Example, who: Person, **given: Any) -> Request:
        values = await self.values(example, who, **given)
        body = filled(example.body, values)
        return example.method, filled(example.path, values), body

    async def values(self, example: Example, who: Person, **given: Any) -> dict[str, Any]:
        """For its path and its body; what it shows, changes or deletes is there."""
        values, views = dict(given), list[Mapping[str, Any]]()
        *_, last = ["", *parameters(example.path)]
        body = None if isinstance(example.body, bytes) else example.body
        for name in parameters(example.path, body):
            said = next((view[name] for view in views if name in view), None)
            if name not in values and said is not None:
                values[name] = said
            elif name not in values:
                changes = example.method in {"PATCH", "DELETE"} and name == last
                is_at_stake = changes and example.path.endswith(f"{{{name}}}")
                thing = await self.thing(name, who, is_at_stake=is_at_stake)
                values[name] = thing.name
                views.append(thing.view)
        put = example_of(f"PUT {example.path}")
        if put and not put.settles and example.method in {"GET", "PATCH", "DELETE"}:
            await ask(who, ("PUT", filled(put.path, values), filled(put.body, values)))
        return values

    async def thing(self, name: str, who: Person, *, is_at_stake: bool = False) -> Thing:
        """What is in braces; a new one, if it is another afterwards, or none."""
        if plain := plain_values(name):
            return Thing(plain[0])
        if name == "username":
            return Thing(self.new_name())
        if name in {"newcomer_id", "applicant_id"} or (name == "user_id" and is_at_stake):
            guest = self.waiting if name == "applicant_id" else self.member
            return Thing((await guest()).id)
        if name in LINKS:
            return Thing(await self.link(LINKS[name], who))
        if name == "awaited_group_id":
            await self.waiting(who)
        if name == "awaited_group_id" or (name in self.standing and not is_at_stake):
            return Thing(self.standing[name.removeprefix("awaited_")])
        return await self.made(name, who)

    async def made(self, name: str, who: Person) -> Thing:
        """A new one, by somebody who may; of what there may be few, the one that she has."""
        example = example_that_makes(name)
        may = who.username in example.by or "guest" in example.by
        maker = who if may else await self.person(example.by[0])
        if example.few and (known := self._few.get((name, maker.id))):
            return known
        answer = await ask(maker, await self.request(example, maker))
        assert answer.status in {200, 201, 202}, answer
        if answer.status == 202:
            at = example.path if example.makes == "backup_id" else "/api/exports"
            await until_made(maker, answer.body, at)  # else it would go on beside what is tested
        made = self._few[name, maker.id] = thing_of(example, answer.body, maker)
        return made

    async def link(self, purpose: Purpose, who: Person) -> str:
        """The token of a link that was made for somebody."""
        email = f"{who.username}@example.org" if purpose == Purpose.EMAIL else None
        async with self.services.database.write() as db:
            made = await make_link(db, who.id, purpose, timedelta(hours=1), email=email)
        return made.token

    async def waiting(self, who: Person | None = None) -> Person:
        """Somebody who waits to be let into the group; somebody new, unless it is said who."""
        guest = who or await self.person("guest")
        path = f"/api/groups/{self.people.group['id']}/join-code"
        code = await self.people.ann.post(path, {"admission": "approval"})
        body = {"join_code": code["join_code"]}
        assert (await guest.post("/api/memberships", body, status=202))["status"] == "waiting"
        return guest

    async def member(self) -> Person:
        """Somebody new in the group."""
        joins = example_of("POST /api/memberships")
        assert joins
        guest = await self.person("guest")
        answer = await ask(guest, await self.request(joins, guest))
        assert answer.status == 201, answer
        return guest


def thing_of(example: Example, view: dict[str, Any], maker: Person) -> Thing:
    """What is made; of several that are made at once, the first."""
    if not view.keys() & {example.makes, "id"}:
        view = next((made[0] for made in view.values() if isinstance(made, list) and made), view)
    return Thing(view.get(example.makes, view.get("id")), view, maker)
