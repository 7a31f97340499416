"""Limits that are exact on any number of workers (GCRA): one row and one statement for each.

The row keeps the theoretical arrival time of the next action (ITU-T I.371): an action is allowed
while that is less than `burst` intervals ahead of now. A time that is further ahead comes from a
clock that has been set back since, and counts as now.
"""

import hashlib
import math
import time
from dataclasses import dataclass

from sqlalchemy import BigInteger, bindparam, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from model.database.table import CLOCKS_DIFFER_BY, Base
from model.database.unit_of_work import Database, Transaction
from model.errors import TooMany


class Limits(Base):
    __tablename__ = "limits"
    key: Mapped[str] = mapped_column(primary_key=True)
    arrival_us: Mapped[int] = mapped_column(index=True)  # since 1970


@dataclass(frozen=True)
class Limit:
    """A limit that allows `burst` actions at once, and one more each `every_s` seconds."""

    name: str
    burst: int
    every_s: float


@dataclass(frozen=True)
class Action:
    """What `who` does, so many times at once."""

    limit: Limit
    who: str
    count: int = 1

    @property
    def key(self) -> str:
        return f"{self.limit.name}:{self.who}"

    @property
    def interval_us(self) -> int:
        return int(self.limit.every_s * 1e6) * self.count

    @property
    def burst_us(self) -> int:
        return int(self.limit.every_s * 1e6) * self.limit.burst


# Tries of strangers at an address; wrong ones for an account from there, and from everywhere: that
# is for a guesser with many addresses, and lets somebody in again soon, who may be the owner
SIGN_IN_ADDRESS_LIMIT = Limit("sign-in-address", burst=300, every_s=1)
SIGN_IN_FROM_LIMIT = Limit("sign-in-from", burst=10, every_s=30)
SIGN_IN_ACCOUNT_LIMIT = Limit("sign-in", burst=100, every_s=2)
# Instead of these, tries for an account on a device that has signed in to it before
SIGN_IN_DEVICE_LIMIT = Limit("sign-in-device", burst=30, every_s=20)
REGISTER_ADDRESS_LIMIT = Limit("register-address", burst=200, every_s=10)
JOIN_CODE_LIMIT = Limit("join-code", burst=20, every_s=180)
REPORT_LIMIT = Limit("report", burst=30, every_s=120)
UPLOAD_LIMIT = Limit("upload", burst=100, every_s=2)
PASSWORD_LIMIT = Limit("password", burst=10, every_s=30)
# Mails that somebody at an address asks for, and that go to one: nobody's mailbox is filled
MAIL_ADDRESS_LIMIT = Limit("mail-address", burst=60, every_s=60)
MAIL_TO_LIMIT = Limit("mail-to", burst=3, every_s=1200)
LINK_ADDRESS_LIMIT = Limit("link-address", burst=200, every_s=3)


def uploaded_kb(quota_mb: int) -> Limit:
    """A limit on kilobytes: twice the quota at once, and the quota each day.

    The bytes of deleted files stay for a day.
    """
    quota_kb = quota_mb * 1024
    return Limit("uploaded-kb", burst=2 * quota_kb, every_s=24 * 3600 / quota_kb)


_now, _interval = (bindparam(name, type_=BigInteger) for name in ("now", "interval"))
_burst = bindparam("burst", type_=BigInteger)
_latest = _now + _burst + int(CLOCKS_DIFFER_BY.total_seconds() * 1e6)
_arrival = case((Limits.arrival_us.between(_now, _latest), Limits.arrival_us), else_=_now)
_later = _arrival + _interval
_TAKE = (
    insert(Limits)
    .values(arrival_us=_now + _interval)
    .on_conflict_do_update(
        index_elements=[Limits.key], set_={"arrival_us": _later}, where=_later <= _now + _burst
    )
    .returning(Limits.arrival_us)
)
_FIND = select(_arrival).where(Limits.key == bindparam("of_key"))
_FORGIVE = delete(Limits).where(Limits.key == bindparam("of_key"))
_GIVE_BACK = (
    update(Limits)
    .where(Limits.key == bindparam("of_key"))
    .values(arrival_us=Limits.arrival_us - _interval)
)
_FORGET_PASSED = (
    delete(Limits).where(Limits.arrival_us < bindparam("now")).execution_options(in_thread=True)
)


async def take(database: Database, *actions: Action) -> None:
    """Count actions in a small transaction of its own; none when a limit is reached.

    Raises TooMany. Whoever names the same limits names them in the same order, in which their rows
    are locked.
    """
    now = time.time_ns() // 1000
    async with database.read() as db:
        for action in actions:
            wait_us = await _wait_us(db, action, now)
            if wait_us > 0:
                raise _too_many(wait_us)
    async with database.write() as db:
        for action in actions:
            values = {"interval": action.interval_us, "burst": action.burst_us}
            if not await db.scalar(_TAKE, key=action.key, now=now, **values):
                raise _too_many(await _wait_us(db, action, now))


async def _wait_us(db: Transaction, action: Action, now: int) -> int:
    """How long until the action is allowed; 0 or less when it is."""
    values = {"of_key": action.key, "now": now, "burst": action.burst_us}
    arrival = await db.scalar(_FIND, **values) or now
    return arrival + action.interval_us - action.burst_us - now


def _too_many(wait_us: int) -> TooMany:
    retry_after_s = max(1, math.ceil(wait_us / 1e6))
    return TooMany("Too many tries.", retry_after_s=retry_after_s)


async def give_back(db: Transaction, limit: Limit, who: str) -> None:
    """Uncount the last action of `who`, which was right; wrong ones before it still count."""
    await db.run(_GIVE_BACK, of_key=f"{limit.name}:{who}", interval=int(limit.every_s * 1e6))


async def forgive(db: Transaction, limit: Limit, who: str) -> None:
    """Uncount all actions of `who`."""
    await db.run(_FORGIVE, of_key=f"{limit.name}:{who}")


def mail_to(address: str) -> Action:
    """A mail to an address. The table does not tell the address."""
    digest = hashlib.sha256(address.lower().encode()).hexdigest()
    return Action(MAIL_TO_LIMIT, digest)


def tries_to_sign_in(account: str, address: str, known_device: str | None) -> list[Action]:
    """What one try to sign in counts as; all tries count, until the password was right.

    On a device that the account has signed in on before, strangers' tries do not matter, but right
    ones count, too: nothing else bounds the work that they make.
    """
    if known_device is not None:
        return [Action(SIGN_IN_DEVICE_LIMIT, f"{account}@{known_device}")]
    return [
        Action(SIGN_IN_ADDRESS_LIMIT, address),
        Action(SIGN_IN_FROM_LIMIT, f"{account}@{address}"),
        Action(SIGN_IN_ACCOUNT_LIMIT, account),
    ]


async def forgive_tries_to_sign_in(db: Transaction, account: str, address: str) -> None:
    """Uncount what a stranger has tried for an account, from where the password was right now.

    Tries from elsewhere still count, and so does the work that each try makes at an address.
    """
    await forgive(db, SIGN_IN_FROM_LIMIT, f"{account}@{address}")
    await give_back(db, SIGN_IN_ACCOUNT_LIMIT, account)


async def forget_passed_limits(db: Transaction) -> None:
    await db.run(_FORGET_PASSED, now=time.time_ns() // 1000)
