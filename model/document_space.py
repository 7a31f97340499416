"""Document spaces: each channel has one and each person, with rules of who saves under which key.

In a channel, the keys `members/{user_id}/…` are that member's own.
"""

import re
from dataclasses import dataclass

from model.channel import Channel, find_channel, require_writable
from model.database.unit_of_work import Transaction
from model.errors import Forbidden, Invalid
from model.user import Caller, find_account, lock_account

MAX_DOCUMENT_KEY_CHARS = 200
DOCUMENT_KEY_PATTERN = "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"
_MEMBERS = "members/"


@dataclass(frozen=True)
class DocumentSpace:
    """The documents of `channel`, as its reader finds it, or without one those of `owner_id`."""

    topic: str
    max_documents: int
    channel: Channel | None = None
    owner_id: int | None = None

    @property
    def channel_id(self) -> int | None:
        return self.channel.id if self.channel else None

    def is_of_another(self, key: str, *, by: Caller) -> bool:
        """Whether only another member saves under this key."""
        return self.channel is not None and key.startswith(_MEMBERS) and not _belongs(key, by)

    def require_writable(self, key: str, *, by: Caller) -> None:
        """Raises Forbidden when the caller may not save under this key."""
        if self.channel is not None:
            require_writable(self.channel)
            if self.is_of_another(key, by=by):
                raise Forbidden("document_not_yours", "Only that member writes there.")

    def require_deletable(self, key: str, *, by: Caller) -> None:
        """Raises Forbidden when the caller may not delete what is under this key.

        Whoever may save may delete; moderators also delete what members have saved under their
        own keys, and a member can always delete hers.
        """
        if self.channel is not None and not (self.channel.role.moderates or _belongs(key, by)):
            self.require_writable(key, by=by)


async def find_space(db: Transaction, channel_id: int | None, *, reader: Caller) -> DocumentSpace:
    """The space of a channel, or without one the reader's own. Raises NotFound.

    In a write, the rows of the reader and of the channel are locked: nobody else saves there
    meanwhile, and she herself nowhere else.
    """
    await lock_account(db, reader.id)
    if channel_id is None:
        owner = await find_account(db, reader.id)
        return DocumentSpace(f"user:{owner.id}", max_documents=1_000, owner_id=owner.id)
    channel = await find_channel(db, channel_id, reader=reader)
    return DocumentSpace(channel.topic, max_documents=10_000, channel=channel)


def require_key(key: str) -> None:
    """Raises Invalid for what cannot be the key of a document."""
    is_made_of_parts = re.fullmatch(DOCUMENT_KEY_PATTERN, key) and not {".", ".."} & set(
        key.split("/")
    )
    if len(key) > MAX_DOCUMENT_KEY_CHARS or not is_made_of_parts:
        allowed = "letters, digits, _ . and - with / between, no part . or .."
        raise Invalid({"key": f"It takes 1 to {MAX_DOCUMENT_KEY_CHARS} characters: {allowed}"})


def own_keys(user_id: int) -> str:
    """What keys begin with when only this member saves under them."""
    return f"{_MEMBERS}{user_id}/"


def _belongs(key: str, by: Caller) -> bool:
    return key.startswith(own_keys(by.id))
