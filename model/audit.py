"""The audit: the acts on the server, which its administrators read, live and as a table."""

from typing import Unpack

import msgspec

from model.account import require_admin, require_administers
from model.act import ActFilters, ActView, list_acts, people_of_acts, record_server_act
from model.database.page import Page
from model.database.unit_of_work import Transaction
from model.text.csv_table import write_csv
from model.user import Caller, NamedPersonView

AUDIT_KINDS = (
    "account.added", "account.changed", "account.deleted", "sessions.ended", "password.set",
    "link.made", "link.used", "roster.enrolled", "group.archived", "group.unarchived",
    "group.deleted", "group.entered", "owner.given", "epoch.begun", "backup.made", "backup.fetched",
    "backup.deleted", "backup.restored", "audit.exported",
    "channel.created", "channel.edited", "channel.opened", "channel.entered", "channel.deleted",
    "channel_member.added", "channel_member.removed", "slow_mode.set", "post.deleted",
    "post.pinned", "post.unpinned", "report.settled", "score.deleted", "document.deleted",
)  # fmt: skip
"""What is in the audit, for whoever chooses from it; acts in channels are of private ones."""

_MAX_EXPORTED = 10_000  # acts of a table
_COLUMNS = ("id", "at", "act", "by", "by_id", "via", "person", "person_id", "subject", "details")


async def list_audit(
    db: Transaction, page: Page, *, reader: Caller, **filters: Unpack[ActFilters]
) -> tuple[list[ActView], list[NamedPersonView], int | None]:
    """A page of the acts on the server, newest first, and the people whom they name.

    Raises Forbidden when the reader is no administrator.
    """
    require_administers(reader)
    acts, following = await list_acts(db, page, **filters)
    return acts, await people_of_acts(db, acts), following


async def record_export(db: Transaction, *, by: Caller, **filters: Unpack[ActFilters]) -> None:
    """Write down that the audit is taken away as a table.

    Raises Forbidden when the caller is no administrator.
    """
    await require_admin(db, by=by)
    await record_server_act(db, "audit.exported", by=by, filters=filters)


async def export_audit(db: Transaction, *, reader: Caller, **filters: Unpack[ActFilters]) -> str:
    """The newest acts on the server as a table for spreadsheets.

    Raises Forbidden when the reader is no administrator.
    """
    acts, people, _ = await list_audit(db, Page(_MAX_EXPORTED), reader=reader, **filters)
    usernames = {person["id"]: person["username"] for person in people}
    return write_csv(_COLUMNS, (_cells(act, usernames) for act in acts))


def _cells(act: ActView, usernames: dict[int, str]) -> list[object]:
    by_id, person_id = act["by_id"], act["person_id"]
    return [
        act["id"],
        act["at"],
        act["kind"],
        usernames.get(by_id or 0),
        by_id,
        act["via"],
        usernames.get(person_id or 0),
        person_id,
        act["subject"],
        msgspec.json.encode(act["details"]).decode(),
    ]
