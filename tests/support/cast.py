"""The cast: made once through the real door, then copied with the database for each test.

root is an administrator of the server; ann owns the group "class", and may enrol others there; mia
moderates it, bob is a member; eve has an account and belongs nowhere.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from quart import Quart
from sqlalchemy import update

from api.app import create_app
from api.context import services
from api.settings import Settings
from model.database.table import now
from model.session import Sessions
from model.user import ServerRole
from tests.support.databases import PostgreSQL, SQLite
from tests.support.people import Person, sign_up

Database = TypeVar("Database", bound=SQLite | PostgreSQL)
NAMES = ("root", "ann", "mia", "bob", "eve")


@dataclass
class Cast:
    root: Person
    ann: Person
    mia: Person
    bob: Person
    eve: Person
    group: dict[str, Any]
    channel: dict[str, Any]

    @property
    def posts(self) -> str:
        """The path of the posts of the channel "general"."""
        return f"/api/channels/{self.channel['id']}/posts"

    def named(self, name: str) -> Person:
        return cast(Person, getattr(self, name))

    def before(self, app: Quart) -> "Cast":
        """The same people, who ask another application."""
        moved = {name: self.named(name).before(app) for name in NAMES}
        return replace(self, **moved, group=dict(self.group), channel=dict(self.channel))


class Stages(Generic[Database]):
    """The database of this process that knows the stages "empty" and "cast", and who that is."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        database.keep("empty")
        self.cast = asyncio.run(_gather(settings_of_tests(folder / "instance", database.url)))
        database.keep("cast")


def settings_of_tests(instance: Path, database_url: str, **changed: Any) -> Settings:
    usual = {"registration": "open", "workers": 1, "backup_download": "on"}
    return Settings(**{"instance": instance, "database_url": database_url, **usual, **changed})


async def _gather(settings: Settings) -> Cast:
    """The cast, the group "class" and its open channel "general"."""
    app = create_app(settings, prepared=True)
    async with app.test_app():
        database = services(app).database
        root = await sign_up(app, database, "root", ServerRole.ADMIN)
        ann, mia, bob, eve = [
            await sign_up(app, database, who) for who in ("ann", "mia", "bob", "eve")
        ]
        await root.patch(f"/api/users/{ann.id}", {"may_enrol": True})
        group = await ann.post("/api/groups", {"name": "class"})
        code = await ann.post(f"/api/groups/{group['id']}/join-code", {})
        for person in (mia, bob):
            await person.post("/api/memberships", {"join_code": code["join_code"]})
        await ann.put(f"/api/groups/{group['id']}/members/{mia.id}", {"role": "moderator"})
        channel = await ann.post(f"/api/groups/{group['id']}/channels", {"name": "general"})
        async with database.write() as db:  # all have given their passwords lately, all day long
            await db.run(update(Sessions), confirmed_at=now() + timedelta(days=1))
    return Cast(root, ann, mia, bob, eve, group, channel)
