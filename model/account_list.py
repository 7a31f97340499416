"""The accounts of the server, as its administrators see them: sorted, searched, and with counts.

Nothing in it tells which groups somebody belongs to, only how many.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import bindparam, case, func, literal, or_, select

from model.account import literally, require_administers
from model.database.json_rows import json_object, json_rows, number
from model.database.row import columns_of, load_all
from model.database.sorted_page import Order, SortedPage
from model.database.unit_of_work import Transaction
from model.document import Documents
from model.file import FILE_IN_USE, Files
from model.group import Memberships
from model.storage.blob import Blobs
from model.text.typed import clean_name
from model.user import HAS_ACCOUNT, Caller, NamedPersonView, ServerRole, Users, named_person
from model.username import username_key

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


AccountState = Literal["active", "unclaimed", "inactive"]
"""Whether somebody may sign in; unclaimed until she has set a password."""

AccountOrder = Literal["name", "username", "registered", "seen", "bytes", "groups"]
"""By name or username, or who registered or was seen last, or has most, first."""


class AccountView(NamedPersonView):
    """An account; `bytes` are what counts against its quota, `groups` how many it belongs to."""

    email: str | None
    email_confirmed: bool
    role: ServerRole
    state: AccountState
    may_enrol: bool
    created_at: datetime
    last_seen_on: date | None
    groups: int
    bytes: int


@dataclass(frozen=True)
class _Account:
    id: int
    username: str
    name: str
    avatar: str | None
    email: str | None
    email_confirmed: bool
    role: ServerRole
    may_enrol: bool
    created_at: datetime
    last_seen_on: datetime | None
    state: AccountState
    groups: int
    bytes: int

    def view(self) -> AccountView:
        return {
            **named_person(self.id, self.name, self.avatar, username=self.username),
            "email": self.email,
            "email_confirmed": self.email_confirmed,
            "role": self.role,
            "state": self.state,
            "may_enrol": self.may_enrol,
            "created_at": self.created_at,
            "last_seen_on": self.last_seen_on and self.last_seen_on.date(),
            "groups": self.groups,
            "bytes": int(self.bytes),
        }


_state = case(
    (Users.active.is_(False), "inactive"),
    (Users.password_hash == "", "unclaimed"),
    else_="active",
)
_groups = (
    select(func.count())
    .where(Memberships.user_id == Users.id)
    .correlate(Users)
    .scalar_subquery()
)  # fmt: skip
_of_files = (
    select(func.coalesce(func.sum(Blobs.size_bytes), 0))
    .join_from(Files, Blobs, Blobs.id == Files.blob_id)
    .where(Files.uploader_id == Users.id, FILE_IN_USE)
    .correlate(Users)
    .scalar_subquery()
)
_of_documents = (
    select(func.coalesce(func.sum(Documents.size_bytes), 0))
    .where(Documents.saved_by == Users.id)
    .correlate(Users)
    .scalar_subquery()
)
_bytes = _of_files + _of_documents
_MATCHES = (
    or_(
        Users.username_key.like("%" + bindparam("username") + "%", escape="\\"),
        func.lower(Users.name).like("%" + bindparam("name") + "%", escape="\\"),
        func.lower(Users.email).like(bindparam("username") + "%", escape="\\"),
    ),
    or_(bindparam("any_state"), _state == bindparam("state")),
    or_(bindparam("any_role"), Users.role == bindparam("role", type_=Users.role.type)),
)
_IDS = select(Users.id).where(HAS_ACCOUNT)
_KEYS: dict[AccountOrder, tuple[Any, bool]] = {
    "name": (func.lower(Users.name), False),
    "username": (Users.username_key, False),
    "registered": (Users.id, True),
    "seen": (
        func.coalesce(Users.last_seen_on, literal(_NEVER, Users.last_seen_on.type)),
        True,
    ),
    "bytes": (_bytes, True),
    "groups": (_groups, True),
}
_ORDERS = {
    order: Order(_IDS.where(*_MATCHES), _IDS, Users.id, key, descending=descending)
    for order, (key, descending) in _KEYS.items()
}
_COUNT = select(func.count()).select_from(Users).where(HAS_ACCOUNT, *_MATCHES)
_wanted = json_rows("user_ids")
_ROWS = (
    select(
        *columns_of(Users, _Account),
        _state.label("state"),
        _groups.label("groups"),
        _bytes.label("bytes"),
    )
    .join_from(_wanted, Users, Users.id == number(_wanted.c.key))
    .where(HAS_ACCOUNT)
)


async def list_accounts_sorted(
    db: Transaction,
    page: SortedPage,
    order: AccountOrder,
    *,
    reader: Caller,
    search: str = "",
    state: AccountState | None = None,
    role: ServerRole | None = None,
) -> tuple[list[AccountView], int, int | None]:
    """A page of the accounts that match, how many these are, and where the next page begins.

    `search` is in the username or the name, or begins the e-mail address. Raises Forbidden when the
    reader is no administrator, and Invalid.
    """
    require_administers(reader)
    matches = {
        "username": literally(username_key(search)),
        "name": literally(clean_name(search).lower()),
        "any_state": state is None,
        "state": state or "",
        "any_role": role is None,
        "role": role or ServerRole.MEMBER,
    }
    ids, following = await _ORDERS[order].ids(db, page, **matches)
    rows = load_all(_Account, await db.all(_ROWS, user_ids=json_object(ids)))
    views = {account.id: account.view() for account in rows}
    total = await db.scalar_one(_COUNT, **matches)
    return [views[user_id] for user_id in ids], total, following
