"""People, and how the person who asks is known."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, bindparam, exists, false, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.page import Page, pages
from model.database.row import columns_of, load, load_all
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction, finder
from model.errors import NotFound
from model.log.event import ADMIN_TOPIC, record
from model.username import require_not_retired, retire_username, username_key, username_taken


class ServerRole(StrEnum):
    ADMIN = "admin"
    MEMBER = "member"


class Scope(StrEnum):
    """What a session is good for: all that the person may do, or less with a token of hers."""

    SESSION = "session"
    READ = "read"
    WRITE = "write"


class Users(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    username_key: Mapped[str] = mapped_column(unique=True)  # lower case
    name: Mapped[str]
    email: Mapped[str | None]
    role: Mapped[ServerRole] = mapped_column(one_of(ServerRole, "role"))
    active: Mapped[bool]
    password_hash: Mapped[str]  # empty until who was enrolled has set a password
    avatar: Mapped[str | None] = mapped_column(index=True)  # SHA-256 of the picture
    created_at: Mapped[datetime]
    email_confirmed: Mapped[bool] = mapped_column(server_default=false())  # by the person herself
    may_enrol: Mapped[bool] = mapped_column(server_default=false())  # others, by a roster
    last_seen_on: Mapped[datetime | None]  # the beginning of that day
    __table_args__ = {"sqlite_autoincrement": True}


class Enrolments(Base):
    """The accounts that the roster of a group has made."""

    __tablename__ = "enrolments"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class PersonView(TypedDict):
    """A person, where she wrote or belongs; `avatar` is the path of her picture."""

    id: int
    name: str
    avatar: str | None


class NamedPersonView(PersonView):
    """A person with her username, for those who have to tell people of one name apart."""

    username: str


class UserView(NamedPersonView):
    role: ServerRole
    active: bool
    created_at: datetime


class OwnUserView(UserView):
    """A user as only that user and administrators may see it."""

    email: str | None
    email_confirmed: bool
    may_enrol: bool


@dataclass(frozen=True)
class Caller:
    """The person who is signed in, and the session that says so."""

    id: int
    username: str
    name: str
    avatar: str | None
    role: ServerRole
    session_id: int
    signed_in_at: datetime
    expires_at: datetime
    scope: Scope = Scope.SESSION
    confirmed_at: datetime | None = None
    may_enrol: bool = False
    last_seen_on: datetime | None = None
    used_at: datetime | None = None
    address: str | None = None
    prolonged: bool = True

    @property
    def is_admin(self) -> bool:
        """Whether she administers the server: never with a personal access token."""
        return self.role == ServerRole.ADMIN and self.scope == Scope.SESSION

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
    email_confirmed: bool = False
    may_enrol: bool = False

    @property
    def topic(self) -> str:
        return f"user:{self.id}"

    @property
    def about(self) -> str:
        return f"user:{self.id}"

    @property
    def administers(self) -> bool:
        return self.role == ServerRole.ADMIN and self.active

    def view(self) -> UserView:
        return {
            **named_person(self.id, self.name, self.avatar, username=self.username),
            "role": self.role,
            "active": self.active,
            "created_at": self.created_at,
        }

    def own_view(self) -> OwnUserView:
        return {
            **self.view(),
            "email": self.email,
            "email_confirmed": self.email_confirmed,
            "may_enrol": self.may_enrol,
        }

    def view_for(self, reader: Caller) -> UserView | OwnUserView:
        own = reader.is_admin or reader.id == self.id
        return self.own_view() if own else self.view()


@dataclass(frozen=True)
class Account:
    """What the machine's administrator is told of an account."""

    id: int
    username: str
    name: str
    role: ServerRole
    active: bool
    last_seen_on: datetime | None


def acting(user: User) -> Caller:
    """The person as one who acts without a request: in a job of the server, or in a command."""
    return Caller(
        id=user.id,
        username=user.username,
        name=user.name,
        avatar=user.avatar,
        role=user.role,
        session_id=0,
        signed_in_at=user.created_at,
        expires_at=user.created_at,
    )


def person(user_id: int, name: str, avatar: str | None) -> PersonView:
    """What everybody sees of a person."""
    return {"id": user_id, "name": name, "avatar": avatar and f"/api/avatars/{avatar}"}


def named_person(user_id: int, name: str, avatar: str | None, *, username: str) -> NamedPersonView:
    """What those see of a person who have to tell people of one name apart."""
    return {**person(user_id, name, avatar), "username": username}


def author(user_id: int | None, name: str | None, avatar: str | None) -> PersonView | None:
    """The person who did something; None when the account was deleted since."""
    return person(user_id, name, avatar) if user_id is not None and name else None


HAS_ACCOUNT = Users.name != ""
"""Of `Users`: false for somebody whose account was deleted, until her row is purged."""

USER_COLUMNS = columns_of(Users, User)
SET_USER = update(Users).where(Users.id == bindparam("of_user"))
_BY_ID = finder(
    select(*USER_COLUMNS).where(Users.id == bindparam("user_id"), HAS_ACCOUNT), locks=[Users]
)
_BY_USERNAME = finder(
    select(*USER_COLUMNS, Users.password_hash).where(
        Users.username_key == bindparam("username_key")
    ),
    locks=[Users],
)
_LIST = pages(select(*columns_of(Users, Account)).where(HAS_ACCOUNT), Users.id)
_LOCK = select(Users.id).where(Users.id == bindparam("user_id")).with_for_update(key_share=True)
_ANYBODY = select(exists().where(Users.id > 0))
_INSERT = insert_or_ignore(Users).on_conflict_do_nothing().returning(Users.id)


async def find_account(db: Transaction, user_id: int) -> User:
    """The account, whoever asks. Raises NotFound.

    It is for the person herself, and for what administrators do.
    """
    row = await db.find(_BY_ID, user_id=user_id)
    if row is None:
        raise NotFound("person")
    return load(User, row)


async def lock_account(db: Transaction, user_id: int) -> None:
    """Lock the account until the commit: whoever counts what a person keeps is alone.

    It comes before whatever else a transaction locks.
    """
    if db.locks_rows:
        await db.first(_LOCK, user_id=user_id)


async def find_account_by_name(db: Transaction, username: str) -> tuple[User, str] | None:
    """The account and the hash of its password; None unless it is there and active."""
    row = await db.find(_BY_USERNAME, username_key=username_key(username))
    if row is None or not row.active:
        return None
    return load(User, row), row.password_hash


async def list_accounts(db: Transaction, page: Page) -> tuple[list[Account], int | None]:
    """All accounts, in the order in which they were made, for commands."""
    rows, following = page.cut(await db.all(_LIST.of(page), **page.values))
    return load_all(Account, rows), following


async def anybody_there(db: Transaction) -> bool:
    """Whether there is an account."""
    return await db.scalar_one(_ANYBODY)


async def create_user(
    db: Transaction,
    username: str,
    name: str,
    password_hash: str,
    *,
    email: str | None = None,
    role: ServerRole = ServerRole.MEMBER,
    may_enrol: bool = False,
) -> User:
    """A new account, active and without a picture.

    Raises Conflict when somebody has the username, or had it within a year.
    """
    created_at = now()
    user_id = await db.scalar(
        _INSERT,
        username=username,
        username_key=username_key(username),
        name=name,
        email=email,
        role=role,
        active=True,
        password_hash=password_hash,
        may_enrol=may_enrol,
        created_at=created_at,
    )
    if user_id is None:
        raise username_taken()
    await require_not_retired(db, username, by_id=user_id)  # now: who gives it up has committed
    user = User(
        user_id,
        username,
        name,
        None,
        email,
        role,
        active=True,
        created_at=created_at,
        may_enrol=may_enrol,
    )
    record(db, ADMIN_TOPIC, "user.registered", user.view(), by=user.id, about=user.about)
    return user


async def erase_user(db: Transaction, user: User) -> None:
    """Take everything that is known of a person from her row, to which others still refer.

    Nobody takes her username for a year, and passes for her.
    """
    await retire_username(db, user.username, user_id=None)
    await db.run(
        SET_USER,
        of_user=user.id,
        username="",
        username_key=f"deleted:{user.id}",  # as nobody can be called
        name="",
        email=None,
        email_confirmed=False,
        role=ServerRole.MEMBER,
        active=False,
        password_hash="",
        avatar=None,
    )


async def set_password_hash(db: Transaction, user: User, password_hash: str) -> None:
    await db.run(SET_USER, of_user=user.id, password_hash=password_hash)
