"""Where the demo takes place: its people with their pictures, their groups and their channels."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from api.demo import drawing
from api.demo.calendar import Calendar
from api.demo.people import ADMIN, ASSISTANT, CHESS_CLUB, EVERYBODY, PUPILS, TEACHER, Character
from api.demo.story import CLASS, CLUB, PLACES, Place
from model.account import set_avatar
from model.act import record_server_act
from model.channel import Kind, create_channel
from model.channel_member import add_channel_member
from model.database.table import as_of
from model.database.unit_of_work import Database, Transaction
from model.group import Role, create_group, find_group, find_member, set_role
from model.join_code import accept_invitation, find_invitation, make_join_code
from model.storage.blob import Blob, expect_blob
from model.storage.incoming import incoming, put_content
from model.storage.picture_work import avatar, measure
from model.storage.store import Store
from model.user import Caller, ServerRole, acting, create_user, find_account

_ABOUT = {CLASS: "Ms Lindqvist, room 113", CLUB: "Thursdays at 15:30, bring your own biscuits"}
_A_MINUTE = timedelta(minutes=1)


@dataclass
class Stage:
    """What is filled, and who and what is there by now, by their names."""

    database: Database
    store: Store
    incoming: Path
    calendar: Calendar
    password_hash: str
    quota_bytes: int
    callers: dict[str, Caller] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    channels: dict[str, int] = field(default_factory=dict)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        async with self.database.write("demo") as db:
            yield db

    async def set_up(self) -> None:
        """Make accounts, groups and channels, all on the first day."""
        moment = self.calendar.moment("12 07:30")
        for person in EVERYBODY:
            with as_of(moment := moment + _A_MINUTE):
                await self._register(person)
        founders: Mapping[str, str] = {CLASS: TEACHER.username, CLUB: PUPILS[1].username}
        pupils = [pupil.username for pupil in PUPILS]
        members: Mapping[str, Iterable[str]] = {
            CLASS: [ASSISTANT.username, *pupils],
            CLUB: [username for username in CHESS_CLUB if username != founders[CLUB]],
        }
        for name, founder in founders.items():
            with as_of(moment := moment + _A_MINUTE):
                code = await self._found(name, founder)
            for username in members[name]:
                with as_of(moment := moment + _A_MINUTE):
                    await self._join(code, username)
        with as_of(moment):
            await self._promote(ASSISTANT.username)
            for place in PLACES:
                await self._open(place)

    async def _register(self, person: Character) -> None:
        role = ServerRole.ADMIN if person == ADMIN else ServerRole.MEMBER
        async with self.write() as db:
            user = await create_user(
                db, person.username, person.name, self.password_hash, role=role
            )
            await record_server_act(db, "account.added", by=None, person_id=user.id)
        if person.look is not None:
            async with incoming(self.incoming) as drawn:
                await drawn.write(drawing.face(person.look))
                picture = await self.keep(avatar(drawn.file))
            async with self.write() as db:
                account = await find_account(db, user.id)
                user = await set_avatar(db, account, picture.sha256)
        self.callers[person.username] = acting(user)

    async def _found(self, name: str, founder: str) -> str:
        """Make a group; its join code."""
        async with self.write() as db:
            group = await create_group(db, name, _ABOUT[name], by=self.callers[founder])
            self.groups[name] = group.id
            code = await make_join_code(db, group, by=self.callers[founder])
            return code["join_code"] or ""

    async def _join(self, code: str, username: str) -> None:
        async with self.write() as db:
            invitation = await find_invitation(db, code)
            await accept_invitation(db, invitation, by=self.callers[username])

    async def _promote(self, username: str) -> None:
        teacher = self.callers[TEACHER.username]
        async with self.write() as db:
            group = await find_group(db, self.groups[CLASS], reader=teacher)
            member = await find_member(db, group, self.callers[username].id)
            await set_role(db, group, member, Role.MODERATOR, by=teacher)

    async def _open(self, place: Place) -> None:
        by, kind = self.callers[place.by], Kind(place.kind)
        async with self.write() as db:
            group = await find_group(db, self.groups[place.group], reader=by)
            channel = await create_channel(db, group, place.name, place.description, kind, by=by)
            for username in place.members:
                await add_channel_member(db, channel, self.callers[username].id, by=by)
        self.channels[place.name] = channel.id

    async def keep(self, content: bytes) -> Blob:
        """Keep bytes in the store."""
        async with self.write() as db:
            blob = await expect_blob(db, hashlib.sha256(content).hexdigest(), len(content))
        await put_content(self.store, self.incoming, blob.key, content)
        return blob

    async def measured(self, content: bytes) -> tuple[int, int] | None:
        async with incoming(self.incoming) as drawn:
            await drawn.write(content)
            return measure(drawn.file)
