"""The people, two groups and their channels; everybody may read everything at first."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.prove.patient_client import Doors, PatientClient

MAX_PEOPLE = 20  # a client more is one more connection of somebody
PAGE = 100  # posts
PASSWORD = secrets.token_urlsafe(16)


@dataclass
class Person:
    username: str
    id: int
    http: PatientClient
    signed_in: asyncio.Event = field(default_factory=asyncio.Event)

    async def sign_in(self) -> None:
        form = {"username": self.username, "password": PASSWORD, "token": True}
        answer = await PatientClient(self.http.doors).ask("POST", "/api/sessions", form)
        self.http.token = answer["token"]
        self.signed_in.set()

    async def is_signed_in(self) -> bool:
        return await self.http.ask("GET", "/api/me", done=[401]) is not None

    async def sign_out(self) -> None:
        """Sign out. A repeated request is answered with 401, because the session is over."""
        await self.http.ask("DELETE", "/api/sessions/current", done=[401])
        self.signed_in.clear()


@dataclass(frozen=True)
class Stage:
    """The owner never loses a right. `council` is private, `studio` will be now and then."""

    owner: Person
    people: Sequence[Person]  # the owner first
    group_id: int
    club_id: int
    club_code: str
    hall_id: int
    council_id: int
    studio_id: int
    den_id: int  # the club's

    @property
    def doors(self) -> Doors:
        return self.owner.http.doors

    @property
    def channel_ids(self) -> Sequence[int]:
        """The channels to write in. Half of the posts go to the hall, which nobody loses."""
        return [self.hall_id] * 3 + [self.council_id, self.studio_id, self.den_id]

    async def live(self) -> dict[str, Any]:
        """The positions of all topics, as the owner sees them; `hello` takes them."""
        topics: dict[str, int] = {}
        for group_id in (self.group_id, self.club_id):
            path = f"/api/groups/{group_id}/channels"
            live = (await self.owner.http.ask("GET", path))["live"]
            topics |= {name: seq for name, seq in live["topics"].items() if name[:5] != "user:"}
        return {"epoch": live["epoch"], "topics": topics}

    async def post_ids(self) -> set[int]:
        """All posts, as they are listed for the owner."""
        found: set[int] = set()
        for channel_id in set(self.channel_ids):
            path = f"/api/channels/{channel_id}/posts?limit={PAGE}"
            page = await self.owner.http.ask("GET", path)
            while True:
                found.update(post["id"] for post in page["posts"])
                if page["next"] is None:
                    break
                page = await self.owner.http.ask("GET", f"{path}&before={page['next']}")
        return found

    async def opened_again(self) -> "Stage":
        """The stage once everybody is signed in, and may read everything, after a restore."""
        await self.owner.sign_in()
        ask = self.owner.http.ask
        path = f"/api/channels/{self.studio_id}"
        await ask("PATCH", path, {"kind": "open", "publish_history": True})
        code = await _new_join_code(self.owner, self.club_id)
        for person in self.people[1:]:
            await person.sign_in()
            await ask("PUT", f"/api/channels/{self.council_id}/members/{person.id}")
            joining = {"join_code": code}
            await person.http.ask("POST", "/api/memberships", joining, done=[409])
        return replace(self, club_code=code)

    async def heads(self) -> Mapping[str, int]:
        topics: Mapping[str, int] = (await self.live())["topics"]
        return topics


async def set_up(doors: Doors, first_token: str, clients: int) -> Stage:
    owner = await _sign_up(doors, "owner", token=first_token)
    ask = owner.http.ask
    group_id, group_code = await _make_group(owner, "class")
    club_id, club_code = await _make_group(owner, "club")
    names = [f"person{number}" for number in range(1, min(clients, MAX_PEOPLE))]
    people = await asyncio.gather(*(_sign_up(doors, name, group_code) for name in names))
    for person in people:
        await person.http.ask("POST", "/api/memberships", {"join_code": club_code}, done=[409])
    hall_id, council_id, studio_id, den_id = [
        await _make_channel(owner, of, name, kind)
        for of, name, kind in (
            (group_id, "hall", "open"),
            (group_id, "council", "private"),
            (group_id, "studio", "open"),
            (club_id, "den", "open"),
        )
    ]
    for person in people:
        await ask("PUT", f"/api/channels/{council_id}/members/{person.id}")
    return Stage(
        owner=owner,
        people=[owner, *people],
        group_id=group_id,
        club_id=club_id,
        club_code=club_code,
        hall_id=hall_id,
        council_id=council_id,
        studio_id=studio_id,
        den_id=den_id,
    )


async def _make_group(owner: Person, name: str) -> tuple[int, str]:
    group = await owner.http.ask("POST", "/api/groups", {"name": name}, key=f"group-{name}")
    return group["id"], await _new_join_code(owner, group["id"])


async def _make_channel(owner: Person, group_id: int, name: str, kind: str) -> int:
    path, form = f"/api/groups/{group_id}/channels", {"name": name, "kind": kind}
    channel = await owner.http.ask("POST", path, form, key=f"channel-{name}")
    return int(channel["id"])


async def _new_join_code(owner: Person, group_id: int) -> str:
    code = await owner.http.ask("POST", f"/api/groups/{group_id}/join-code", {})
    return str(code["join_code"])


async def _sign_up(
    doors: Doors, username: str, join_code: str | None = None, token: str | None = None
) -> Person:
    visitor = PatientClient(doors)
    form = {"username": username, "name": username, "password": PASSWORD}
    form |= {"join_code": join_code} if join_code else {"token": token or ""}
    await visitor.ask("POST", "/api/users", form, done=[409])
    visitor.close()
    person = Person(username, 0, PatientClient(doors))
    await person.sign_in()
    person.id = (await person.http.ask("GET", "/api/me"))["id"]
    return person
