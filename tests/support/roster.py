"""Accounts that the roster of a group has made, and who is in which."""

from sqlalchemy import insert, update

from api.context import Services
from model.group import Role
from model.user import Enrolments, Users
from tests.support.cast import Cast
from tests.support.people import Person, sign_up


async def enrolled(people: Cast, services: Services, username: str = "zoe") -> Person:
    """Somebody whose account was made for the class, and who is in no other group."""
    app = people.ann.client.app
    pupil = await sign_up(app, services.database, username)
    await join(people.ann, people.group["id"], pupil)
    async with services.database.write() as db:
        await db.run(insert(Enrolments), user_id=pupil.id, group_id=people.group["id"])
    return pupil


async def join(owner: Person, group_id: int, who: Person) -> None:
    code = await owner.post(f"/api/groups/{group_id}/join-code", {})
    await who.post("/api/memberships", {"join_code": code["join_code"]})


async def set_user(services: Services, person: Person, **columns: object) -> None:
    """What no route changes yet, or only in several steps."""
    async with services.database.write() as db:
        await db.run(update(Users).where(Users.id == person.id).values(**columns))


async def make_role(owner: Person, group_id: int, who: Person, role: Role) -> None:
    await owner.put(f"/api/groups/{group_id}/members/{who.id}", {"role": role})
