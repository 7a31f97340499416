"""The commands that make a backup, and put one back."""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from api.backup_jobs import backups_folder, is_backup_of
from api.commands.run import owner_settings, ready_settings, with_database
from api.docs.openapi import VERSION
from api.instance import open_instance
from api.settings import WrongSettings
from api.transfer.storage import open_store
from model.backup import ArchiveFacts, BackupOrigin
from model.backup_making import note_backup
from model.backups.archive import Archive, Unusable
from model.backups.make import MadeBackup, make_backup
from model.backups.restore import Restored, restore_backup
from model.copying.rows import CannotCopy
from model.database.failure import FAILURES
from model.database.lock import InUse, exclusive
from model.database.table import now
from model.database.unit_of_work import Database
from model.errors import Refusal


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--no-files", is_flag=True, help="Leave out what people have uploaded.")
def backup(file: Path | None, *, no_files: bool) -> None:
    """Put everything into one file, also while the server runs.

    Without FILE it is in the folder `backups` of the instance, named by the time.
    """
    settings = ready_settings()
    folder = backups_folder(settings)
    place = file or folder / f"{now():%Y-%m-%d-%H%M%S}.zip"
    is_kept = is_backup_of(folder, place)

    async def make(database: Database) -> MadeBackup:
        store = None if no_files else open_store(settings)
        lock = settings.instance / "jobs.lock"
        made = await make_backup(database, store, place, told, version=VERSION, lock=lock)
        async with database.write("command") as db:
            await note_backup(
                db,
                place.name if is_kept else str(place.absolute()),
                ArchiveFacts(made.at, made.size_bytes, made.sha256, made.lost_files),
                node=settings.node_name,
                origin=BackupOrigin.COMMAND,
                with_files=not no_files,
                elsewhere=not is_kept,
            )
        return made

    with _progress("Backing up") as told, _in_one_line():
        made = with_database(make, settings)
    if made.lost_files:
        click.echo(f"{made.lost_files} files are not in the store as they were uploaded.", err=True)
    size_mb = made.size_bytes / 1e6
    click.echo(f"{place} has everything until {made.at:%Y-%m-%d %H:%M:%S} UTC ({size_mb:.1f} MB).")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put a backup in the place of all that is here, while no server runs.

    What was here before is kept. Everybody has to sign in again, and join codes have ended.
    """
    settings = owner_settings()
    address, instance = settings.database_address, settings.instance

    async def put_back(archive: Archive) -> Restored:
        async with exclusive(address, instance):
            return await restore_backup(archive, address, open_store(settings), instance, told)

    with _progress("Restoring") as told, _in_one_line():
        open_instance(settings)
        with closing(Archive(file)) as archive:
            done = asyncio.run(put_back(archive))
    if done.lost_files:
        click.echo(f"{done.lost_files} files are neither in it nor in the store.", err=True)
    made_at = archive.manifest.made_at
    click.echo(f"All is as it was on {made_at:%Y-%m-%d at %H:%M:%S} UTC. Everybody signs in again.")
    if done.before:
        tables = "" if address.get_backend_name() == "sqlite" else ", its tables in a schema"
        click.echo(f"What was here before is in {done.before}{tables}.")


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar, and what moves it. SIGTERM is as good as Ctrl-C: nothing is left behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with click.progressbar(length=1, label=label, show_eta=False, file=sys.stderr) as bar:

        def told(done: int, total: int) -> None:
            bar.length = max(1, total)
            bar.update(done - bar.pos)

        try:
            yield told
        finally:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Say what is wrong, with an archive, a disk or the database, without a traceback."""
    try:
        yield
    except (Unusable, CannotCopy, InUse, WrongSettings) as error:
        raise click.ClickException(str(error)) from None
    except Refusal as refusal:
        raise click.ClickException(refusal.detail) from None
    except FAILURES as error:
        raise click.ClickException(_said(error)) from None


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.strerror}: {error.filename}"
    if isinstance(error, DBAPIError):
        error = error.orig if isinstance(error.orig, Exception) else error
    return f"The database: {error}".splitlines()[0]


COMMANDS = (backup, restore)
