"""The instance folder: whether it can be used, by whom, and the disk that it is on."""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from api.doctor.finding import Finding, Well, Wrong
from api.instance import KEY, private_paths, require_usable
from api.server_warnings import is_nearly_full
from api.setting_kinds import Backups, is_secret
from api.settings import PREFIX, Settings, WrongSettings

_MOUNTS = Path("/proc/mounts")
_OF_NETWORKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs"}
_WRITES, _SLOW_S = 5, 0.1
_OTHERS = 0o077
_FEW_SHARE = 0.01
_DAY_S, _DAYS_WITHOUT_BACKUP = 86_400, 3


def check_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.instance
    if not folder.exists():
        yield from _before_the_first_start(folder)
        return
    try:
        require_usable(settings)
    except WrongSettings as error:
        yield Wrong("folder_unusable", str(error))
        return
    yield Well(str(folder))
    key = folder / KEY
    is_ours = settings.secret_key is None and key.exists()
    if is_ours and not is_secret(key.read_text(errors="replace").strip()):
        said = f"{key} is too short, or damaged: put back a copy of it, or delete it."
        yield Wrong("key_damaged", said)
    kept = [path for path in private_paths(settings) if path.exists()]
    yield from _whose(folder, kept)
    yield from _where(folder, settings)


def _before_the_first_start(folder: Path) -> Iterator[Finding]:
    above = next(path for path in folder.absolute().parents if path.exists())
    if os.access(above, os.W_OK | os.X_OK):
        yield Well(f"{folder} is not there yet; the first start makes it")
    else:
        said = f"{PREFIX}INSTANCE: {folder} is not there, and you may not write in {above}."
        yield Wrong("folder_unusable", said)


def _whose(folder: Path, kept: list[Path]) -> Iterator[Finding]:
    """Root may do everything, and would not see what the server's user may not."""
    if os.name != "posix":
        return
    owner = folder.stat().st_uid
    for path in kept:
        found = path.stat()
        if found.st_uid != owner:
            said = (
                f"{path} belongs to another user than {folder}:"
                f" `sudo chown -R --reference={folder} {folder}`."
            )
            yield Wrong("owners_differ", said)
        if found.st_mode & _OTHERS and path.is_file():
            said = f"Others on this machine may read {path}: `chmod go= {path}`."
            yield Wrong("others_may_read", said)


def _where(folder: Path, settings: Settings) -> Iterator[Finding]:
    disks = {
        path.stat().st_dev for name in ("files", "incoming") if (path := folder / name).exists()
    }
    if len(disks) > 1 and settings.files_url is None:
        said = (
            f"{folder}/files and {folder}/incoming are on two disks, so no file can be moved into"
            " place: let both be on the one of the folder."
        )
        yield Wrong("files_elsewhere", said)
    kind = kind_of_disk(folder.resolve(), _MOUNTS.read_text()) if _MOUNTS.exists() else ""
    if kind in _OF_NETWORKS and settings.database_url is None:
        said = (
            f"{folder} is on a network ({kind}), where SQLite cannot be locked: move"
            f" {PREFIX}INSTANCE to a disk of this machine."
        )
        yield Wrong("folder_on_network", said)


def kind_of_disk(path: Path, mounts: str) -> str:
    """The kind of the file system that a path is on, by the text of /proc/mounts."""
    kinds = {
        Path(fields[1].encode().decode("unicode_escape")): fields[2]
        for fields in map(str.split, mounts.splitlines())
    }
    return next((kinds[place] for place in (path, *path.parents) if place in kinds), "")


def check_disk(settings: Settings) -> Iterator[Finding]:
    if not settings.instance.exists():
        return
    folder = settings.instance
    usage = shutil.disk_usage(folder)
    room = f"{_said(usage.free)} of {_said(usage.total)} are free"
    if is_nearly_full(usage.free, usage.total):
        said = f"{room}: make room, or move {PREFIX}INSTANCE to a larger disk."
        yield Wrong("disk_nearly_full", said)
    if _lacks_inodes(folder):
        yield Wrong("files_used_up", "The disk takes hardly any more files: delete small ones.")
    try:
        took_s = min(_written(folder) for _ in range(_WRITES))
    except OSError as error:
        reasons = {errno.ENOSPC: "disk_full", errno.EDQUOT: "disk_full", errno.EROFS: "read_only"}
        said = f"Nothing can be written in {folder}: {error.strerror}."
        yield Wrong(reasons.get(error.errno or 0, "folder_unusable"), said)
        return
    if took_s > _SLOW_S:
        said = (
            f"A write takes {took_s * 1e3:.0f} ms to be safe from a power cut: use a disk of this"
            " machine, or PostgreSQL elsewhere."
        )
        yield Wrong("disk_slow", said)
    yield Well(f"{room}; a write is safe after {took_s * 1e3:.1f} ms")


def check_backups(settings: Settings) -> Iterator[Finding]:
    """Of several machines any may have made the last one, so this is looked at on a single one."""
    folder, key = settings.instance / "backups", settings.instance / KEY
    if settings.backups == Backups.OFF or settings.redis_url is not None or not key.exists():
        return
    made_at = [file.stat().st_mtime for file in folder.glob("*.zip")]
    last_at = max(made_at, default=key.stat().st_mtime)  # else since the first start
    days = (time.time() - last_at) / _DAY_S
    if days > _DAYS_WITHOUT_BACKUP:
        said = (
            f"The last backup in {folder} is {days:.0f} days old: look in the log for what keeps"
            " the next one from being made, and say `main.py backup`."
        )
        yield Wrong("no_backup", said)
    elif made_at:
        yield Well(f"{len(made_at)}, the last one of {days * 24:.0f} hours ago")


def _lacks_inodes(folder: Path) -> bool:
    if not hasattr(os, "statvfs"):
        return False
    found = os.statvfs(folder)
    return found.f_files > 0 and found.f_favail < _FEW_SHARE * found.f_files


def _written(folder: Path) -> float:
    """Seconds until a page was on the disk. Raises OSError."""
    began = time.perf_counter()
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"doctor" * 683)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - began


def _said(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.1f} GB"
