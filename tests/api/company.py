"""Others who come to the group of the cast, or have been there."""

from datetime import timedelta

from quart import Quart

from api.context import Services
from model.database.table import now
from tests.support.cast import Cast
from tests.support.people import Person, Visitor, sign_up


class Company:
    """Makes people who belong to the group, have left it, wait for it, or are kept out."""

    def __init__(self, app: Quart, services: Services, people: Cast) -> None:
        self.app, self.services, self.people = app, services, people
        self.group = f"/api/groups/{people.group['id']}"

    async def actor(self, who: str, visitor: Visitor) -> Visitor:
        """One of the cast, or another one as the rows of tables call them."""
        match who:
            case "nobody":
                return visitor
            case "left":
                left = await self.member(who)
                await left.delete(f"{self.group}/members/{left.id}")
                return left
            case "banned":
                banned = await self.member(who)
                await self.people.ann.put(f"{self.group}/bans/{banned.id}", {}, status=204)
                return banned
            case "muted":
                return await self.muted(await self.member(who))
        return self.people.named(who)

    async def stranger(self, name: str) -> Person:
        return await sign_up(self.app, self.services.database, name)

    async def member(self, name: str, role: str = "member") -> Person:
        person = await self.stranger(name)
        await self.come(person)
        if role != "member":
            await self.people.ann.put(f"{self.group}/members/{person.id}", {"role": role})
        return person

    async def come(self, person: Person, status: int = 201) -> None:
        """With a code that lets in at once."""
        code = await self.people.ann.post(f"{self.group}/join-code", {})
        await person.post("/api/memberships", {"join_code": code["join_code"]}, status=status)

    async def wait(self, person: Person, status: int = 202) -> None:
        """With a code that takes approval."""
        code = await self.people.ann.post(f"{self.group}/join-code", {"admission": "approval"})
        await person.post("/api/memberships", {"join_code": code["join_code"]}, status=status)

    async def waiting(self, name: str) -> Person:
        person = await self.stranger(name)
        await self.wait(person)
        return person

    async def muted(self, person: Person, hours: int = 1) -> Person:
        until = (now() + timedelta(hours=hours)).isoformat()
        path = f"{self.group}/members/{person.id}/mute"
        await self.people.ann.put(path, {"until": until}, status=204)
        return person

    async def member_ids(self) -> set[int]:
        listed = await self.people.ann.get(f"{self.group}/members?limit=100")
        return {member["id"] for member in listed["members"]}
