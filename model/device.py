"""Devices: what has signed in to an account before can show that, and is no guesser.

A device keeps a name and, for each account, a mark that only this server can make; nothing of it is
stored here. The hash of the password is in the mark, so that a new password ends all of them.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from model.user import User

MOST_ACCOUNTS = 8  # of a device that many share; those who signed in last are known
_TEXT = re.compile(r"[\w-]{22}(\.[\w-]{22})*", re.ASCII)
_BYTES = 16  # 22 characters


@dataclass(frozen=True)
class Device:
    name: str
    marks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What the device keeps, and shows the next time."""
        return ".".join((self.name, *self.marks))

    def knows(self, user: User, password_hash: str, *, key: bytes) -> bool:
        """Whether somebody has signed in to this account there, with this password."""
        mark = self._mark(user, password_hash, key)
        return any(hmac.compare_digest(mark, shown) for shown in self.marks)

    def remembering(self, user: User, password_hash: str, *, key: bytes) -> "Device":
        """The device after somebody has signed in to this account."""
        mark = self._mark(user, password_hash, key)
        others = [shown for shown in self.marks if shown != mark]
        return Device(self.name, (mark, *others)[:MOST_ACCOUNTS])

    def _mark(self, user: User, password_hash: str, key: bytes) -> str:
        message = f"device {self.name} user {user.id} password {password_hash}".encode()
        digest = hmac.digest(key, message, hashlib.sha256)[:_BYTES]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def device_of(text: str | None) -> Device:
    """The device that shows this text; a new one if it is not the text of a device."""
    if text is None or not _TEXT.fullmatch(text):
        return Device(secrets.token_urlsafe(_BYTES))
    name, *marks = text.split(".")
    return Device(name, tuple(marks[:MOST_ACCOUNTS]))
