"""Where documents lie: in a channel, or with one person; and who may do what with which key.

In a channel the keys `members/{user_id}/…` are that member's own.
"""

import re
from dataclasses import dataclass

from model.channel import Channel, find_channel
from model.database.unit_of_work import Transaction
from model.errors import Forbidden, Invalid
from model.post import require_writable
from model.user import Caller, find_account

MAX_KEY_CHARS = 200
KEY_PATTERN = "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"
MEMBERS = "members/"


@dataclass(frozen=True)
class Shelf:
    """`channel` as its reader finds it; without one, the person's whose topic it is."""

    topic: str
    max_documents: int
    channel: Channel | None = None
    owner_id: int | None = None

    @property
    def channel_id(self) -> int | None:
        return self.channel.id if self.channel else None

    def require_writable(self, key: str, *, by: Caller) -> None:
        if self.channel is not None:
            require_writable(self.channel)
            if key.startswith(MEMBERS) and not _belongs(key, by):
                raise Forbidden("document_not_yours", "Only that member writes there.")

    def require_deletable(self, key: str, *, by: Caller) -> None:
        """As it is written; a moderator deletes what is a member's, and a member always her own."""
        if self.channel is not None and not (self.channel.role.moderates or _belongs(key, by)):
            self.require_writable(key, by=by)


async def find_shelf(db: Transaction, channel_id: int | None, *, reader: Caller) -> Shelf:
    """Of a channel, or without one the reader's own. To write, it is locked with its documents."""
    if channel_id is None:
        owner = await find_account(db, reader.id)
        return Shelf(f"user:{owner.id}", max_documents=1_000, owner_id=owner.id)
    channel = await find_channel(db, channel_id, reader=reader)
    return Shelf(channel.topic, max_documents=10_000, channel=channel)


def require_key(key: str) -> None:
    is_made_of_parts = re.fullmatch(KEY_PATTERN, key) and not {".", ".."} & set(key.split("/"))
    if len(key) > MAX_KEY_CHARS or not is_made_of_parts:
        allowed = "letters, digits, _ . and - with / between, no part . or .."
        raise Invalid({"key": f"It takes 1 to {MAX_KEY_CHARS} characters: {allowed}"})


def own_keys(user_id: int) -> str:
    """How the keys begin under which only this member saves."""
    return f"{MEMBERS}{user_id}/"


def _belongs(key: str, by: Caller) -> bool:
    return key.startswith(own_keys(by.id))
