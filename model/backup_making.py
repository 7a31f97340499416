"""Making backups, and keeping what is known of them true: for whoever holds their lock."""

from dataclasses import replace

from sqlalchemy import bindparam, delete

from model.act import record_server_act
from model.backup import (
    BACKUP_ROWS,
    IS_TO_DO,
    ArchiveFacts,
    Backup,
    BackupOrigin,
    Backups,
    BackupState,
    change_backup,
    insert_backup,
    tell_removed,
)
from model.database.row import load, load_all
from model.database.table import now
from model.database.unit_of_work import Transaction

_MAX_ATTEMPTS = 5

_ALL = BACKUP_ROWS.order_by(Backups.id)
_NEXT = _ALL.where(IS_TO_DO).limit(1).with_for_update()
_IN_FOLDER = BACKUP_ROWS.where(
    Backups.elsewhere.is_(False), Backups.name == bindparam("of_name")
).limit(1)
_FORGET = delete(Backups).where(Backups.id == bindparam("of_backup"))


async def all_backups(db: Transaction) -> list[Backup]:
    """All rows, oldest first, also of those that are leaving."""
    return load_all(Backup, await db.all(_ALL))


async def schedule_backup(db: Transaction) -> None:
    """Want the backup of today. It is for whoever holds the lock of the backups."""
    with_files = True
    await insert_backup(db, Backup(BackupOrigin.SCHEDULED, with_files, now()))


async def note_backup(
    db: Transaction,
    name: str,
    facts: ArchiveFacts,
    *,
    node: str,
    origin: BackupOrigin,
    with_files: bool,
    elsewhere: bool = False,
) -> Backup:
    """The backup of an archive that is there already; in the folder a name is noted once.

    What a command has made is an act.
    """
    row = None if elsewhere else await db.first(_IN_FOLDER, of_name=name)
    if row is not None:
        known = load(Backup, row)
        noted = replace(known.made(facts, node), origin=origin)
        await change_backup(db, known, noted)
    else:
        new = Backup(origin, with_files, facts.made_at, name=name, elsewhere=elsewhere)
        noted = await insert_backup(db, new.made(facts, node))
    if origin == BackupOrigin.COMMAND:
        details = {"with_files": with_files}
        await record_server_act(db, "backup.made", by=None, subject=noted.about, **details)
    return noted


async def claim_backup(db: Transaction, node: str) -> Backup | None:
    """The backup that has waited longest, to be made from its beginning; None if there is none.

    It is for whoever holds the lock of the backups. One that is running was left by a worker that
    is gone: after five of them it has failed.
    """
    while (row := await db.first(_NEXT)) is not None:
        found = load(Backup, row)
        if found.attempts < _MAX_ATTEMPTS:
            begun = replace(found, state=BackupState.RUNNING, percent=0, node=node)
            begun = replace(begun, attempts=found.attempts + 1)
            return begun if await change_backup(db, found, begun) else None
        await fail_backup(db, found, "It could not be made. The log of the server says why.")
    return None


async def advance_backup(db: Transaction, backup: Backup, percent: int) -> bool:
    """Tell how much of it is made; False when it is not wanted any more."""
    return await change_backup(db, backup, replace(backup, percent=percent))


async def finish_backup(db: Transaction, backup: Backup, facts: ArchiveFacts, node: str) -> bool:
    """Let its archive be found; False when it is not wanted any more."""
    return await change_backup(db, backup, backup.made(facts, node))


async def fail_backup(db: Transaction, backup: Backup, problem: str) -> None:
    await change_backup(db, backup, replace(backup, state=BackupState.FAILED, problem=problem))


async def forget_backup(db: Transaction, backup: Backup) -> None:
    """Delete the row of a backup whose archive is gone."""
    if await db.run(_FORGET, of_backup=backup.id) and backup.state != BackupState.LEAVING:
        tell_removed(db, backup)
