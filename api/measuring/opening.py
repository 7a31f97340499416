"""Where what is measured is kept while the server runs: in memory, not on the disk of the instance.

A disk that is full would end the process that writes to a file as if it were memory.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.measuring.meter import Meter
from api.settings import Settings
from model.storage.incoming import own_folder

_MEMORY = Path("/dev/shm")  # noqa: S108 - of Linux; what is in it is ours alone


def new_meter(settings: Settings, version: str, folder: Path | None = None) -> Meter:
    """One that measures, if that is wanted: this process, or all that share a folder."""
    if settings.metrics_token is None:
        return Meter()
    from api.measuring.prometheus import Prometheus  # noqa: PLC0415 - loads prometheus_client

    return Prometheus(settings, version, folder)


@contextmanager
def shared_meter(settings: Settings, version: str) -> Iterator[Meter]:
    """One for this process and all that it forks until the end of the block."""
    if settings.metrics_token is None:
        yield Meter()
        return
    with own_folder(_parent()) as folder:
        folder.mkdir(exist_ok=True)
        try:
            yield new_meter(settings, version, folder)
        finally:
            shutil.rmtree(folder)


def _parent() -> Path:
    """A folder of this user's, whom nobody else can lead to another one."""
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    folder = memory / f"homeroom-metrics-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        return Path(tempfile.mkdtemp(dir=memory))
    return folder
