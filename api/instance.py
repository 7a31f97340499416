"""The instance folder: everything that must survive. Nobody else on the machine may read it.

The key is there as a whole or not at all, whatever happens to the first start: with an empty one
anybody could sign a link.
"""

import errno
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from api.setting_kinds import is_secret
from api.settings import PREFIX, Settings, WrongSettings
from model.database.address import is_sqlite_file
from model.storage.store import make_durable

KEY = "secret_key"


def open_instance(settings: Settings) -> bytes:
    """The key for signatures. Makes the folder and the key on the first start.

    From now on this process writes for its own user only; what earlier versions let others read is
    closed to them. Raises WrongSettings, in one line, when the folder or the key cannot be used.
    """
    os.umask(0o077)
    with _explained(settings):
        _require_moved(settings)
        settings.instance.mkdir(parents=True, exist_ok=True)
        for path in private_paths(settings):
            with suppress(OSError):  # it is not there, somebody else's, or cannot be changed
                path.chmod(path.stat().st_mode & 0o700)
            _require_ours(path)
        if settings.secret_key is not None:
            return settings.secret_key.get_secret_value().encode()
        return _kept_key(settings.instance / KEY).encode()


def require_usable(settings: Settings) -> None:
    """Raises WrongSettings, in one line, when the folder cannot be used as it is."""
    with _explained(settings):
        _require_moved(settings)
        for path in (settings.instance, *private_paths(settings)):
            _require_ours(path)


def require_owner(settings: Settings) -> None:
    """Raises WrongSettings when root acts in the folder of somebody else.

    What root leaves there, such as the folder of the backups, the server itself could not use.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0 and (owner := _other_owner(settings.instance)):
        raise WrongSettings(
            f"{PREFIX}INSTANCE: {settings.instance} belongs to {owner}, who could not use what root"
            f" leaves there{_remedy(owner)}"
        )


@contextmanager
def _explained(settings: Settings) -> Iterator[None]:
    """Raises WrongSettings for what the system says of the folder."""
    try:
        yield
    except OSError as error:
        where = Path(error.filename or settings.instance)
        owner = _other_owner(where) or _other_owner(where.parent)
        advice = f" It belongs to {owner}{_remedy(owner)}" if owner else ""
        raise WrongSettings(f"{PREFIX}INSTANCE: {error.strerror}: {where}.{advice}") from None


def key_digest(signing_key: bytes) -> str:
    """What machines tell each other of their keys, of which it gives nothing away."""
    return hmac.new(signing_key, b"which key", hashlib.sha256).hexdigest()[:8]


def _require_ours(path: Path) -> None:
    """Raises PermissionError when something is there that may not be read, or written to."""
    needed = os.R_OK if path.name == KEY else os.R_OK | os.W_OK
    as_who_acts = os.access in os.supports_effective_ids
    if path.exists() and not os.access(path, needed, effective_ids=as_who_acts):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _remedy(owner: str) -> str:
    """What who does not own the folder can do. Nobody is asked to act as root, or as a number."""
    is_asked = owner != "root" and " " not in owner
    as_owner = f"begin the command with `sudo -u {owner}`, or " if is_asked else ""
    return f": {as_owner}make it yours with `sudo chown -R`."


def _other_owner(path: Path) -> str | None:
    """Whom something belongs to, when that is not who acts. On Windows it is not asked."""
    if not hasattr(os, "geteuid"):
        return None
    with suppress(OSError):
        owner_id = path.stat().st_uid
        with suppress(KeyError):
            return None if owner_id == os.geteuid() else path.owner()
        return f"the user {owner_id}"
    return None


def _require_moved(settings: Settings) -> None:
    """Versions before 0.6 took what is behind `?` or `%` in the path for a part of an address."""
    file = settings.instance.absolute() / "app.db"
    earlier = Path(make_url(f"sqlite+aiosqlite:///{file}").database or "")
    if settings.database_url is None and not file.exists() and is_sqlite_file(earlier):
        raise WrongSettings(
            f"{PREFIX}INSTANCE: an earlier version kept the database as {earlier}: move it to"
            f" {file}, with its -wal and -shm if they are there."
        )


def private_paths(settings: Settings) -> Iterator[Path]:
    """Where something is that others must not read; not all of it need exist."""
    yield from (
        settings.instance / name for name in (KEY, "serving.lock", "files", "incoming", "backups")
    )
    url = settings.database_address
    if url.get_backend_name() == "sqlite" and url.database:
        yield from (Path(url.database + suffix) for suffix in ("", "-wal", "-shm"))


def _kept_key(file: Path) -> str:
    if not file.exists():
        _write_once(file, secrets.token_urlsafe(32))
    key = file.read_text(errors="replace").strip()
    if not is_secret(key):
        raise WrongSettings(
            f"{file}: it is too short, or damaged. Put back a copy of it, or delete it: then a new"
            " key is made, and links that were signed with the old one end."
        )
    return key


def _write_once(file: Path, content: str) -> None:
    """Write a file durably, unless it is there already: of several starts the first one wins."""
    coming = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        with coming.open("x") as made:
            made.write(content)
            made.flush()
            os.fsync(made.fileno())
        try:
            file.hardlink_to(coming)
        except FileExistsError:
            pass
        except OSError:  # there are no links on the file system, as on that of a USB stick
            coming.replace(file)
    finally:
        coming.unlink(missing_ok=True)
    make_durable(file.parent)
