"""Where an epoch lives: in one database at any moment, although there are two while it moves."""

from dataclasses import dataclass

from sqlalchemy import Connection, Update, literal, select, update
from sqlalchemy.engine import URL

from model.log.event import Epochs
from model.schema import COMING, MOVED, Schema, locked, schema_row


@dataclass(frozen=True)
class Life:
    """What a database tells of its epoch: that it lives here, or one of the other two."""

    epoch: str
    moved_to: str | None
    is_coming: bool


async def find_life(url: URL) -> Life | None:
    """What a database tells of its epoch; nothing when it has no tables yet."""
    async with locked(url) as connection:
        return await connection.run_sync(_life)


async def settle(url: URL, epoch: str) -> None:
    """Let an epoch that is coming here live here from now on."""
    async with locked(url) as connection:
        await connection.run_sync(_settle, epoch)


def moving_away(place: str) -> Update:
    """What notes in a database that its epoch lives elsewhere: nothing starts on it any more."""
    return update(Schema).values(oldest_code=literal(MOVED + place))


def coming_from(epoch: str) -> Update:
    """What notes in a copy that the epoch does not live there yet: nothing starts on it."""
    return update(Schema).values(oldest_code=literal(f"{COMING}{epoch} ") + Schema.oldest_code)


def _life(connection: Connection) -> Life | None:
    row = schema_row(connection)
    if row is None:
        return None
    epoch = connection.scalar(select(Epochs.name)) or ""
    is_gone, is_coming = [row.oldest_code.startswith(mark) for mark in (MOVED, COMING)]
    return Life(epoch, row.oldest_code.removeprefix(MOVED) if is_gone else None, is_coming)


def _settle(connection: Connection, epoch: str) -> None:
    row = schema_row(connection)
    if row is not None and row.oldest_code.startswith(f"{COMING}{epoch} "):
        _, _, oldest = row.oldest_code.rpartition(" ")
        connection.execute(update(Schema).values(oldest_code=oldest))
