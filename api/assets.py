"""The files of the pages, at addresses that carry their version, so that browsers keep them.

`/static/v-3f9a1c2b0d5e/board.js` is kept for a year and asked for once. Modules import each other
by relative addresses, so all that a page loads are of one version. A page elsewhere uses addresses
without a version, `/static/live.js`, and asks each time whether it has changed.
"""

import hashlib
import re
import time
from functools import lru_cache
from pathlib import Path

from api.settings import ROOT

STATIC = ROOT / "static"
KEPT = "public, max-age=31536000, immutable"
_ASKED_FOR, _NOT_KEPT = "no-cache", "no-store"

_VERSIONED = re.compile(r"(v-[0-9a-f]{12})/(.+)", re.DOTALL)


def address(name: str) -> str:
    """Where the pages get a file of `static/`, by its name such as `posts/files.css`."""
    return f"/static/{_version()}/{name}"


def found_at(path: str) -> tuple[str, str]:
    """The name of the file that is meant by a path below `/static/`, and how long it is kept.

    A version of another time, as while a deployment goes on, gets the present file for once.
    """
    versioned = _VERSIONED.fullmatch(path)
    if versioned is None:
        return path, _ASKED_FOR
    version, name = versioned.groups()
    return name, KEPT if version == _version() else _NOT_KEPT


def _version() -> str:
    return version_of(STATIC, int(time.monotonic()))


@lru_cache(maxsize=1)
def version_of(folder: Path, second: int) -> str:
    """Of all files in it together. Whether one was edited is looked at once in a second."""
    del second
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return _hash_of(folder, tuple((path, path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=1)
def _hash_of(folder: Path, files: tuple[tuple[Path, int], ...]) -> str:
    """Of names and contents, so that nodes with the same files agree."""
    digest = hashlib.sha256()
    for path, _ in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)} {len(content)}\n".encode() + content)
    return f"v-{digest.hexdigest()[:12]}"
