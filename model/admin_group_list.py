"""The groups of the server, as its administrators see them, who read none of them.

There is what a group takes, and who answers for it: nothing that was written there, and nothing of
its channels.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import bindparam, case, func, literal, or_, select, true
from typing_extensions import TypedDict

from model.account import literally, require_administers
from model.channel import Channels
from model.database.json_rows import json_object, json_rows, number
from model.database.row import columns_of, load_all
from model.database.sorted_page import Order, SortedPage
from model.database.unit_of_work import Transaction
from model.document import Documents
from model.errors import NotFound
from model.file import Files, PostFiles
from model.group import Groups, Memberships, Role
from model.post import Posts
from model.storage.blob import Blobs
from model.text.typed import clean_name
from model.user import HAS_ACCOUNT, Caller, NamedPersonView, Users, named_person

_MOST_OWNERS_NAMED = 3
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


GroupOrder = Literal["name", "created", "posted", "members", "bytes"]
"""By name, or what is newest, has the newest post, the most members, or keeps most, first."""

GroupState = Literal["open", "archived", "orphaned"]
"""An orphaned group has no owner who may sign in."""


class OverseenGroupView(TypedDict):
    """A group as administrators see it.

    `owners` are three at most; `bytes` are of the files and documents of all its channels.
    """

    id: int
    name: str
    created_at: datetime
    archived: bool
    orphaned: bool
    owners: list[NamedPersonView]
    owner_count: int
    members: int
    last_post_at: datetime | None
    bytes: int


@dataclass(frozen=True)
class _Row:
    id: int
    name: str
    created_at: datetime
    archived: bool
    owner_count: int
    orphaned: bool
    members: int
    last_post_at: datetime | None
    bytes: int

    def view(self, owners: list[NamedPersonView]) -> OverseenGroupView:
        return {
            "id": self.id,
            "name": self.name,
            "created_at": self.created_at,
            "archived": self.archived,
            "orphaned": bool(self.orphaned),
            "owners": owners,
            "owner_count": self.owner_count,
            "members": self.members,
            "last_post_at": self.last_post_at,
            "bytes": int(self.bytes),
        }


_members = (
    select(func.count())
    .where(Memberships.group_id == Groups.id)
    .correlate(Groups)
    .scalar_subquery()
)  # fmt: skip
_owners = (
    select(func.count())
    .where(Memberships.group_id == Groups.id, Memberships.role == Role.OWNER)
    .correlate(Groups)
    .scalar_subquery()
)
HAS_OWNER = (
    select(literal(1))
    .join_from(Memberships, Users, Users.id == Memberships.user_id)
    .where(
        Memberships.group_id == Groups.id, Memberships.role == Role.OWNER, Users.active == true()
    )
    .correlate(Groups)
    .exists()
)
_newest_of_channel = (
    select(func.max(Posts.id))
    .where(Posts.channel_id == Channels.id)
    .correlate(Channels)
    .scalar_subquery()
)
_last_post_at = (
    select(func.max(Posts.created_at))
    .join_from(Channels, Posts, Posts.id == _newest_of_channel)
    .where(Channels.group_id == Groups.id)
    .correlate(Groups)
    .scalar_subquery()
)
_carried = (
    select(Channels.group_id, PostFiles.file_id)
    .distinct()
    .join_from(PostFiles, Posts, Posts.id == PostFiles.post_id)
    .join(Channels, Channels.id == Posts.channel_id)
    .where(Channels.group_id.is_not(None))
    .subquery("carried")
)
_of_files = (
    select(_carried.c.group_id, func.sum(Blobs.size_bytes).label("bytes"))
    .join_from(_carried, Files, Files.id == _carried.c.file_id)
    .join(Blobs, Blobs.id == Files.blob_id)
    .group_by(_carried.c.group_id)
    .subquery("of_files")
)
"""Of all groups at once: it goes through what is attached, and not through all that is written."""

_of_documents = (
    select(Channels.group_id, func.sum(Documents.size_bytes).label("bytes"))
    .join_from(Documents, Channels, Channels.id == Documents.channel_id)
    .group_by(Channels.group_id)
    .subquery("of_documents")
)
_bytes = func.coalesce(_of_files.c.bytes, 0) + func.coalesce(_of_documents.c.bytes, 0)
_state = case(
    (Groups.archived, "archived"),
    (~HAS_OWNER, "orphaned"),
    else_="open",
)
_MATCHES = (
    func.lower(Groups.name).like("%" + bindparam("name") + "%", escape="\\"),
    or_(bindparam("any_state"), _state == bindparam("state")),
)
_GROUPS = select(Groups.id)
_WITH_BYTES = (
    _GROUPS.select_from(Groups)
    .outerjoin(_of_files, _of_files.c.group_id == Groups.id)
    .outerjoin(_of_documents, _of_documents.c.group_id == Groups.id)
)
_never = literal(_NEVER, Groups.created_at.type)
_ORDERS = {
    order: Order(ids.where(*_MATCHES), ids, Groups.id, key, descending=descending)
    for order, ids, key, descending in (
        ("name", _GROUPS, func.lower(Groups.name), False),
        ("created", _GROUPS, Groups.id, True),
        ("posted", _GROUPS, func.coalesce(_last_post_at, _never), True),
        ("members", _GROUPS, _members, True),
        ("bytes", _WITH_BYTES, _bytes, True),
    )
}
_COUNT = select(func.count()).select_from(Groups).where(*_MATCHES)
_wanted, _owned = json_rows("group_ids"), json_rows("owned_ids")
_ROWS = _WITH_BYTES.join(_wanted, Groups.id == number(_wanted.c.key)).with_only_columns(
    *columns_of(Groups, _Row),
    _owners.label("owner_count"),
    (~HAS_OWNER).label("orphaned"),
    _members.label("members"),
    _last_post_at.label("last_post_at"),
    _bytes.label("bytes"),
)
_ranked = (
    select(
        Memberships.group_id,
        Users.id,
        Users.name,
        Users.avatar,
        Users.username,
        func.row_number()
        .over(partition_by=Memberships.group_id, order_by=(Users.active.desc(), Users.id))
        .label("rank"),
    )
    .join_from(_owned, Memberships, Memberships.group_id == number(_owned.c.key))
    .join(Users, Users.id == Memberships.user_id)
    .where(Memberships.role == Role.OWNER, HAS_ACCOUNT)
    .subquery("ranked")
)
_OWNERS = select(_ranked).where(_ranked.c.rank <= _MOST_OWNERS_NAMED)


async def list_overseen_groups(
    db: Transaction,
    page: SortedPage,
    order: GroupOrder,
    *,
    reader: Caller,
    search: str = "",
    state: GroupState | None = None,
) -> tuple[list[OverseenGroupView], int, int | None]:
    """A page of the groups whose name contains `search`, how many these are, and the next page.

    Raises Forbidden when the reader is no administrator, and Invalid.
    """
    require_administers(reader)
    name = literally(clean_name(search).lower())
    matches = {"name": name, "any_state": state is None, "state": state or ""}
    ids, following = await _ORDERS[order].ids(db, page, **matches)
    views = await _views(db, ids)
    total = await db.scalar_one(_COUNT, **matches)
    return [views[group_id] for group_id in ids], total, following


async def find_overseen_group(
    db: Transaction, group_id: int, *, reader: Caller
) -> OverseenGroupView:
    """A group as its administrators see it. Raises Forbidden, as the list, and NotFound."""
    require_administers(reader)
    views = await _views(db, [group_id])
    if group_id not in views:
        raise NotFound("group")
    return views[group_id]


async def _views(db: Transaction, ids: Sequence[int]) -> dict[int, OverseenGroupView]:
    rows = load_all(_Row, await db.all(_ROWS, group_ids=json_object(ids)))
    owners = defaultdict[int, list[NamedPersonView]](list)
    for one in await db.all(_OWNERS, owned_ids=json_object(ids)):
        owner = named_person(one.id, one.name, one.avatar, username=one.username)
        owners[one.group_id].append(owner)
    return {row.id: row.view(owners[row.id]) for row in rows}
