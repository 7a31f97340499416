"""Where files are kept: in a folder, or in a bucket of an S3 server that the tests start."""

import functools
import os
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
import pytest
from moto.server import ThreadedMotoServer

from model.storage.s3 import ObjectStore
from model.storage.store import FolderStore, Store

ON_EVERY_STORE = pytest.mark.parametrize(
    ("database_url", "files_url"),
    [("sqlite", "folder"), ("postgresql", "bucket")],
    indirect=True,
)
"""The `pytestmark` of a module whose rules hold for a bucket too: each kind is met once."""


@functools.cache
def object_store() -> str:
    """Its address; it ends with the process."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return "http://{}:{}".format(*server.get_host_and_port())


def access(endpoint: str) -> dict[str, str]:
    """The variables of whoever may use it."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }


@contextmanager
def new_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its URL; the environment says how to use it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in access(object_store()).items():
        monkeypatch.setenv(name, value)
    name = f"tests-{secrets.token_hex(6)}"
    ask("PUT", f"/{name}")
    yield f"s3://{name}/class/of-2026"


def ask(method: str, path: str) -> None:
    request = urllib.request.Request(object_store() + path, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


async def kept(store: Store) -> dict[str, bytes]:
    """All that lies there, by its keys."""
    if isinstance(store, FolderStore):
        files = [file for file in store.root.rglob("*") if file.is_file()]
        return {file.relative_to(store.root).as_posix(): file.read_bytes() for file in files}
    assert isinstance(store, ObjectStore)
    listed = await obstore.list(store.objects).collect_async()
    keys = [str(found["path"]) for found in listed]
    return {key: await whole(store, key) for key in keys}


async def whole(store: Store, key: str) -> bytes:
    return b"".join([chunk async for chunk in store.read(key, 0, 2**40)])


def put_aside(folder: Path, content: bytes) -> Path:
    """A file that may be put into a store."""
    file = folder / secrets.token_hex(8)
    file.write_bytes(content)
    return file
