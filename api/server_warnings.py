"""What is wrong with a server, or could be better: one line each, for its administrators."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import chain

from typing_extensions import TypedDict

from api.settings import Settings
from model.database.table import CLOCKS_DIFFER_BY, now
from model.live.ephemeral import WorkerReport
from model.server_state import ServerState

_BACKUP_LASTS = timedelta(days=3)
_FREE_SHARE, _FREE_BYTES = 0.1, 2**30


class ServerWarningView(TypedDict):
    """`code` stays the same between versions; `detail` is a sentence for people."""

    code: str
    detail: str


def is_nearly_full(free_bytes: int, total_bytes: int) -> bool:
    """Whether a disk has less free than a gigabyte and than a tenth of it."""
    return free_bytes < min(_FREE_SHARE * total_bytes, _FREE_BYTES)


def warnings_of(
    settings: Settings,
    state: ServerState,
    free_bytes: int,
    total_bytes: int,
    workers: Sequence[WorkerReport],
    *,
    hears_others: bool,
) -> list[ServerWarningView]:
    """What is wrong, the most dangerous first."""
    found = chain(
        _found(settings, state, free_bytes, total_bytes),
        _found_between(settings, workers, hears_others=hears_others),
        _found_missing(settings, state),
    )
    return [{"code": code, "detail": detail} for code, detail in found]


def _found(
    settings: Settings, state: ServerState, free_bytes: int, total_bytes: int
) -> Iterator[tuple[str, str]]:
    if not settings.is_limited:
        yield "limits_off", "HOMEROOM_LIMITS is off: passwords can be guessed as fast as one likes."
    if is_nearly_full(free_bytes, total_bytes):
        yield "disk_nearly_full", "The disk of the instance folder is nearly full."
    if abs(state.clock_ahead_s) > CLOCKS_DIFFER_BY.total_seconds():
        yield (
            "clock_off",
            "The clocks of this machine and of the database differ by more than a minute.",
        )


def _found_between(
    settings: Settings, workers: Sequence[WorkerReport], *, hears_others: bool
) -> Iterator[tuple[str, str]]:
    """What is wrong between machines."""
    if not hears_others:
        yield (
            "redis_away",
            "Redis does not answer this machine: it shows late what comes from others, and nobody"
            " who is there.",
        )
    keys = {report.key for report in workers}
    if len(keys) > 1:
        yield (
            "keys_differ",
            "Not all machines have the same HOMEROOM_SECRET_KEY: a link to a file works with one"
            " of them, and fails with others.",
        )
    have_one_folder = settings.secret_key is None and len(keys) == 1  # the key was found there
    several = len({report.worker.run for report in workers}) > 1
    if several and settings.files_url is None and not have_one_folder:
        yield (
            "files_apart",
            "HOMEROOM_FILES_URL is not set: each machine keeps files that the others do not have.",
        )


def _found_missing(settings: Settings, state: ServerState) -> Iterator[tuple[str, str]]:
    if state.backup_problem is not None:
        yield "backup_failed", f"The last backup has failed. {state.backup_problem}"
    if state.last_backup_at is None or state.last_backup_at < now() - _BACKUP_LASTS:
        yield "no_backup", "There is no backup of the last three days."
    if settings.public_url is None:
        yield (
            "no_public_url",
            "HOMEROOM_PUBLIC_URL is not set: links may not work for people elsewhere.",
        )
    if settings.mail_url is None:
        yield (
            "no_mail",
            "HOMEROOM_MAIL_URL is not set: who forgets a password needs a link from you.",
        )
