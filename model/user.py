"""People. An account is found by its username without regard to case, which is ASCII only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, NotFound
from model.log.event import ADMIN, record


class ServerRole(StrEnum):
    ADMIN = "admin"
    MEMBER = "member"


class Users(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    username_key: Mapped[str] = mapped_column(unique=True)  # lower case
    name: Mapped[str]
    email: Mapped[str | None]
    role: Mapped[ServerRole] = mapped_column(one_of(ServerRole, "role"))
    active: Mapped[bool]
    password_hash: Mapped[str]
    avatar: Mapped[str | None] = mapped_column(index=True)  # SHA-256 of the picture
    created_at: Mapped[datetime]
    __table_args__ = {"sqlite_autoincrement": True}


class PersonView(TypedDict):
    """How people appear in what they wrote and where they belong; `avatar` is a path."""

    id: int
    name: str
    avatar: str | None


class UserView(PersonView):
    username: str
    role: ServerRole
    active: bool
    created_at: datetime


class OwnUserView(UserView):
    """With what only oneself and admins may see."""

    email: str | None


@dataclass(frozen=True)
class Caller:
    """Who is signed in, by which session."""

    id: int
    username: str
    name: str
    avatar: str | None
    role: ServerRole
    session_id: int
    expires_at: datetime

    @property
    def is_admin(self) -> bool:
        return self.role == ServerRole.ADMIN

    @property
    def person(self) -> PersonView:
        return person(self.id, self.name, self.avatar)


@dataclass(frozen=True)
class User:
    id: int
    username: str
    name: str
    avatar: str | None
    email: str | None
    role: ServerRole
    active: bool
    created_at: datetime

    @property
    def administers(self) -> bool:
        return self.role == ServerRole.ADMIN and self.active

    def view(self) -> UserView:
        return {
            **person(self.id, self.name, self.avatar),
            "username": self.username,
            "role": self.role,
            "active": self.active,
            "created_at": self.created_at,
        }

    def own_view(self) -> OwnUserView:
        return {**self.view(), "email": self.email}

    def view_for(self, reader: Caller) -> UserView | OwnUserView:
        own = reader.is_admin or reader.id == self.id
        return self.own_view() if own else self.view()


def person(user_id: int, name: str, avatar: str | None) -> PersonView:
    return {"id": user_id, "name": name, "avatar": avatar and f"/api/avatars/{avatar}"}


def author(user_id: int | None, name: str | None, avatar: str | None) -> PersonView | None:
    """None for whoever deleted the account."""
    return None if user_id is None or name is None else person(user_id, name, avatar)


COLUMNS = (
    Users.id,
    Users.username,
    Users.name,
    Users.avatar,
    Users.email,
    Users.role,
    Users.active,
    Users.created_at,
)
BY_ID = finder(select(*COLUMNS).where(Users.id == bindparam("user_id")), locks=[Users])
BY_USERNAME = finder(
    select(*COLUMNS, Users.password_hash).where(Users.username_key == bindparam("username_key")),
    locks=[Users],
)
"""Its last column is the hash of the password."""

ANYBODY = select(exists().where(Users.id > 0))


INSERT = insert_or_ignore(Users).on_conflict_do_nothing().returning(Users.id)
EDIT = update(Users).where(Users.id == bindparam("of_user"))


async def find_account(db: Transaction, user_id: int) -> User:
    """Whoever asks: for oneself and for what an administrator does."""
    row = await db.find(BY_ID, user_id=user_id)
    if row is None:
        raise NotFound("person")
    return User(*row)


async def find_account_by_name(db: Transaction, username: str) -> tuple[User, str] | None:
    """The account and the hash of its password, if it is there and active."""
    row = await db.find(BY_USERNAME, username_key=username.lower())
    if row is None or not row.active:
        return None
    return User(*row[:-1]), row.password_hash


async def anybody_there(db: Transaction) -> bool:
    return bool(await db.scalar(ANYBODY))


async def create_user(
    db: Transaction,
    username: str,
    name: str,
    password_hash: str,
    *,
    email: str | None = None,
    role: ServerRole = ServerRole.MEMBER,
) -> User:
    values: dict[str, Any] = {
        "username": username,
        "name": name,
        "email": email,
        "role": role,
        "active": True,
        "created_at": now(),
    }
    user_id = await db.scalar(
        INSERT, **values, username_key=username.lower(), password_hash=password_hash
    )
    if user_id is None:
        raise Conflict("username_taken", "Somebody has this username.")
    user = User(user_id, avatar=None, **values)
    record(db, ADMIN, "user.registered", user.view(), by=user.id, about=f"user:{user.id}")
    return user


async def set_password_hash(db: Transaction, user: User, password_hash: str) -> None:
    await db.run(EDIT, of_user=user.id, password_hash=password_hash)
