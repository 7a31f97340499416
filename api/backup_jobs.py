"""Makes the backups that are wanted or due, in one worker at a time, and keeps their folder.

Each worker looks soon after it starts, when somebody has asked it for one, and every minute. So a
day on which the server was stopped at the time of the backup gets its own later.
"""

import asyncio
import hashlib
import logging
from contextlib import closing, suppress
from datetime import time
from pathlib import Path

from api.docs.openapi import VERSION
from api.setting_kinds import Backups
from api.settings import Settings
from model.backup import ArchiveFacts, Backup, BackupOrigin, dismiss_backup
from model.backup_chores import Chores, Schedule, find_chores, newest_of
from model.backup_making import (
    advance_backup,
    all_backups,
    claim_backup,
    fail_backup,
    finish_backup,
    forget_backup,
    note_backup,
    schedule_backup,
)
from model.backups.archive import Archive, Unusable
from model.backups.make import MadeBackup, make_backup
from model.database.lock import taken
from model.database.table import now
from model.database.unit_of_work import Database
from model.errors import StorageFull, TryAgain
from model.storage.store import Store
from model.storage.thread import in_thread

log = logging.getLogger(__name__)

_SUFFIX = ".zip"
FIRST_LOOK_S, LOOK_AGAIN_S, TURN_AGAIN_S, TELL_EVERY_S = 1, 60, 5, 2


class Unwanted(Exception):
    """Somebody has deleted the backup while it was made."""


class BackupKeeper:
    """What a worker does about the backups of its machine, for ever."""

    def __init__(self, database: Database, store: Store, settings: Settings) -> None:
        self.folder = backups_folder(settings)
        self._database, self._store, self._settings = database, store, settings
        self._strange: set[str] = set()  # files in the folder that are no backups

    async def run(self, wanted: asyncio.Event) -> None:
        pause_s = FIRST_LOOK_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await wanted.wait()
            wanted.clear()
            pause_s = LOOK_AGAIN_S
            try:
                if not await self.keep_alone():
                    pause_s = TURN_AGAIN_S
            except TryAgain as refusal:
                log.info("a backup waits: %s", refusal.detail)
            except Exception:
                log.exception("keeping the backups failed; it is tried again in a minute")

    async def keep_alone(self) -> bool:
        """Do all that there is to do, unless another worker does; whether nothing is left."""
        if not (await self._chores()).are_any:
            return True
        async with taken(self._database, self._settings.instance / "backups.lock") as is_ours:
            if not is_ours:
                return False
            while (chores := await self._chores()).are_any:
                await self._tidy(chores)
                if chores.is_due:
                    async with self._database.write("backup") as db:
                        await schedule_backup(db)
                while (backup := await self._claimed()) is not None:
                    await self._make(backup)
            return True

    async def _chores(self) -> Chores:
        async with self._database.read() as db:
            backups = await all_backups(db)
        self._database.watcher.figures.backed_up(newest_of(backups))
        names = await asyncio.to_thread(names_of_backups, self.folder)
        return find_chores(
            backups,
            names - self._strange,
            _schedule(self._settings),
            node=self._settings.node_name,
            is_alone=self._database.is_sqlite,
            moment=now(),
        )

    async def _claimed(self) -> Backup | None:
        async with self._database.write("backup") as db:
            return await claim_backup(db, self._settings.node_name)

    async def _tidy(self, chores: Chores) -> None:
        """Remove what goes, and note what has come."""
        async with self._database.write("backup") as db:
            for backup in chores.old:
                await dismiss_backup(db, backup)
        for name in chores.removable:
            await asyncio.to_thread((self.folder / name).unlink, missing_ok=True)
        async with self._database.write("backup") as db:
            for backup in (*chores.forgettable, *chores.lost):
                await forget_backup(db, backup)
        for name in chores.unknown:
            await self._note(name)

    async def _note(self, name: str) -> None:
        try:
            facts, with_files = await in_thread(_facts_of, self.folder / name)
        except (Unusable, OSError):
            self._strange.add(name)
            return
        node, origin = self._settings.node_name, BackupOrigin.FOUND
        async with self._database.write("backup") as db:
            await note_backup(db, name, facts, node=node, origin=origin, with_files=with_files)

    async def _make(self, backup: Backup) -> None:
        """Make a backup, or let it fail where another attempt would fail as well."""
        file = self.folder / backup.name
        try:
            if file.exists():  # whoever made it was killed before this was noted
                facts, _ = await in_thread(_facts_of, file)
            else:
                made = await self._watched(backup, file)
                facts = ArchiveFacts(made.at, made.size_bytes, made.sha256, made.lost_files)
        except Unwanted:
            return
        except StorageFull:
            log.warning("the backup %s has no room on the disk", backup.name)
            async with self._database.write("backup") as db:
                await fail_backup(db, backup, "The disk has no room for it.")
            return
        async with self._database.write("backup") as db:
            await finish_backup(db, backup, facts, self._settings.node_name)
        log.info("made the backup %s", backup.name)

    async def _watched(self, backup: Backup, file: Path) -> MadeBackup:
        """Make the archive, and tell how far it is. Raises Unwanted and what `make_backup` does."""
        percent = told_percent = 0

        def told(done: int, total: int) -> None:
            nonlocal percent
            percent = 100 * done // max(1, total)

        store = self._store if backup.with_files else None
        lock = self._settings.instance / "jobs.lock"
        making = asyncio.ensure_future(
            make_backup(self._database, store, file, told, version=VERSION, lock=lock)
        )
        try:
            while not (await asyncio.wait({making}, timeout=TELL_EVERY_S))[0]:
                if percent != told_percent:
                    told_percent = percent
                    await self._tell(backup, percent)
            return making.result()
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)

    async def _tell(self, backup: Backup, percent: int) -> None:
        with suppress(TryAgain):
            async with self._database.write("backup") as db:
                if not await advance_backup(db, backup, percent):
                    raise Unwanted


def backups_folder(settings: Settings) -> Path:
    """Where the backups of this machine are."""
    return settings.instance / "backups"


def names_of_backups(folder: Path) -> set[str]:
    """The files in the folder of the backups, of which each should be one; this blocks."""
    return {file.name for file in folder.glob(f"*{_SUFFIX}") if file.is_file()}


def is_backup_of(folder: Path, file: Path) -> bool:
    """Whether a file is where the backups of this machine are looked for."""
    return file.suffix == _SUFFIX and file.absolute().parent == folder.absolute()


def _schedule(settings: Settings) -> Schedule:
    is_daily = settings.backups == Backups.DAILY
    at = time.fromisoformat(settings.backup_at) if is_daily else None
    return Schedule(at, settings.backups_kept)


def _facts_of(file: Path) -> tuple[ArchiveFacts, bool]:
    """What is known of an archive, and whether it has the files. Raises Unusable, and OSError."""
    with closing(Archive(file)) as archive:
        made_at, has_files = archive.manifest.made_at, archive.manifest.has_files
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    return ArchiveFacts(made_at, file.stat().st_size, sha256), has_files
