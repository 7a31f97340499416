"""Clients that others generate from the OpenAPI document work, as api/README.md says."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.cast import Cast
from tests.support.documents import HERE, steps
from tests.support.people import PASSWORD, Visitor
from tests.support.server import ROOT
from tests.support.typed import typed

GUIDE = "api/README.md"
TOOLS = ROOT / "tests" / "clients"
STATIC = ROOT / "static"
MODULES = ("api", "live", "outbox")  # for pages elsewhere
INSTALLED = TOOLS / "node_modules"
IN_CI = os.environ.get("CI") == "true"
# What is to be installed is there already
TYPED_BEFORE = """
set -e
npm() { :; }
pip() { :; }
npx() { "$@"; }
"""

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # as on both
needs_node = pytest.mark.skipif(
    not IN_CI and not (shutil.which("node") and INSTALLED.exists()),
    reason="no Node on this machine's PATH, or what `npm ci --prefix tests/clients` installs",
)


async def printed(folder: Path, script: str) -> str:
    """What commands print that somebody types in a folder."""
    path = [str(INSTALLED / ".bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {"PATH": os.pathsep.join(path), "no_proxy": "127.0.0.1"}
    return await asyncio.to_thread(typed, folder, "sh", "-c", script, **environment)


async def followed(folder: Path, heading: str, url: str) -> str:
    """What is printed to somebody who does what stands under a heading."""
    script = TYPED_BEFORE
    for name, code in steps(GUIDE, heading):
        ours = code.replace(HERE, urlsplit(url).netloc).replace("correct horse", PASSWORD)
        if name:
            (folder / name).write_text(ours)
        else:
            script += ours
    return await printed(folder, script)


@pytest.fixture
async def folder(tmp_path: Path, visitor: Visitor) -> Path:
    """Where the clients are made."""
    (tmp_path / "openapi.json").write_text(json.dumps(await visitor.get("/openapi.json")))
    return tmp_path


@needs_node
@on_one_database
async def test_a_linter_finds_nothing_in_the_document(folder: Path) -> None:
    assert await printed(TOOLS, f"node lint.mjs {folder / 'openapi.json'}") == ""


@needs_node
async def test_the_modules_are_as_they_are_declared_beside_them() -> None:
    assert await printed(TOOLS, f"node declarations.mjs {STATIC} {' '.join(MODULES)}") == ""


@needs_node
@on_one_database
async def test_a_client_in_typescript_signs_in_lists_and_writes(
    people: Cast, url: str, folder: Path
) -> None:
    (folder / "node_modules").symlink_to(INSTALLED)
    await people.bob.post(people.posts, {"text": "Good morning!"})
    printed = await followed(folder, "### TypeScript", url)
    assert printed.splitlines()[-2:] == ["Ann: From TypeScript", "Bob: Good morning!"]
    assert (await people.ann.get("/api/me/documents/typed"))["body"] == {"dark": True}


@on_one_database
async def test_a_client_in_python_signs_in_lists_and_writes(
    people: Cast, url: str, folder: Path
) -> None:
    await people.bob.post(people.posts, {"text": "Good morning!"})
    printed = await followed(folder, "### Python", url)
    document = json.loads((folder / "openapi.json").read_text())
    wanted = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    made = {file.stem for file in (folder / "homeroom_client" / "api").rglob("*.py")}
    assert wanted - made == set(), "no route is left out"
    assert printed.splitlines()[-2:] == ["Ann: From Python", "Bob: Good morning!"]
    assert (await people.ann.get("/api/me/documents/typed"))["body"] == {"dark": True}
