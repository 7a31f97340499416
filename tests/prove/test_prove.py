"""`python main.py prove` passes what keeps the promise and finds what breaks it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.faults.test_supervisor import is_alive
from tests.support.databases import require_postgresql
from tests.support.forked import Forked
from tests.support.redis import require_redis
from tests.support.server import MAIN, ROOT
from tests.support.waiting import within

BROKEN = Path(__file__).parent / "broken.py"
QUIET = {"cuts": 0, "kills": 0, "restarts": 0, "removals": 0}
SMALL = {"clients": 4, "events": 200, "workers": 2, **QUIET}
PROMISES = ("lost", "twice", "out of order", "leaked")
PROVED_WITHIN_S = 200
RELEASE_BEFORE = "82573eb"  # 0.8.0


@pytest.fixture
def release_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of it; skips the test where the history of this one is not known."""
    command = ["git", "-C", str(ROOT), "archive", RELEASE_BEFORE]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"the release before, {RELEASE_BEFORE}, is not in the history of this copy")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return folder


def proof(tmp_path: Path, *given: str, **changed: int) -> tuple[list[str], dict[str, str]]:
    """A program with its options, and an environment: all temporary files are in `tmp_path`."""
    options = [f"--{name}={number}" for name, number in {**SMALL, **changed}.items()]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    return [str(MAIN), "prove", *options, *given], environment


def proved(tmp_path: Path, *given: str, **changed: int) -> tuple[int, str]:
    """Exit status and output."""
    log = tmp_path.with_suffix(".log")
    log.touch()
    process = Forked(*proof(tmp_path, *given, **changed), ROOT, log)
    try:
        return process.wait(PROVED_WITHIN_S), log.read_text()
    finally:
        process.kill()


@contextmanager
def started(tmp_path: Path, *given: str, **changed: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A proof that somebody has started and who may stop it."""
    program, environment = proof(tmp_path, *given, **changed)
    with subprocess.Popen(
        [sys.executable, *program],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def counted(output: str) -> dict[str, int]:
    rows = re.findall(r"^([a-z ]+?) +([\d,]+)  ", output, re.MULTILINE)
    return {name: int(number.replace(",", "")) for name, number in rows}


def on_postgresql() -> list[str]:
    return ["--database", require_postgresql()]


def databases_of(pid: int) -> list[str]:
    """Those that a proof has made and not dropped."""

    async def ask() -> list[str]:
        plain = make_url(require_postgresql()).set(drivername="postgresql")
        connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
        rows = await connection.fetch("SELECT datname FROM pg_database")
        await connection.close()
        return [row["datname"] for row in rows]

    return [name for name in asyncio.run(ask()) if name.startswith(f"homeroom_prove_{pid}_")]


def kept(tmp_path: Path, *given: str, **changed: int) -> tuple[dict[str, int], str]:
    """What was counted by a proof that is to succeed and leave nothing behind, and its output."""
    status, output = proved(tmp_path, *given, **changed)
    assert status == 0, output
    assert list(tmp_path.iterdir()) == []
    found = counted(output)
    assert found["events"] >= SMALL["events"]
    assert {found[what] for what in PROMISES} == {0}
    return found, output


def test_a_server_that_keeps_the_promise_passes(tmp_path: Path) -> None:
    """Python starts four times: a server, a backup, its restore, and a server."""
    trouble = {"cuts": 3, "kills": 1, "removals": 5}
    found, output = kept(tmp_path, "--backup", workers=3, **trouble)
    assert found["deliveries"] > 3 * SMALL["events"]
    assert found["told to fetch anew"] >= 4 * 6, "each client about each topic, after the restore"
    assert "12 connections cut, 1 worker killed, 0 restarts, 5 rights taken away" in output
    assert "a backup made under load, and restored" in output


def test_nodes_that_keep_the_promise_pass(tmp_path: Path) -> None:
    """Python starts three times: two nodes, and one again that was killed."""
    require_redis()
    nodes = [*on_postgresql(), "--redis=start", "--silent-for=6"]
    trouble = {"cuts": 3, "crashes": 1, "silences": 1, "removals": 5}
    found, output = kept(tmp_path, *nodes, nodes=2, workers=1, **trouble)
    assert found["told to fetch anew"] == 0
    assert "PostgreSQL, 2 nodes with 1 worker each" in output
    assert "1 node killed, 1 time cut off from PostgreSQL, clocks 59 s apart" in output
    assert "Redis between the nodes, killed and started again" in output


def test_nobody_notices_that_nodes_are_updated(tmp_path: Path, release_before: Path) -> None:
    """Python starts four times: two nodes of the release before, and two of this one."""
    given = [*on_postgresql(), f"--update-from={release_before}"]
    found, _ = kept(tmp_path, *given, nodes=2, cuts=1, workers=1)
    assert found["failed twice"] == found["told to fetch anew"] == 0


async def test_each_broken_promise_is_found(tmp_path: Path) -> None:
    """All at once, since each waits most of the time."""

    async def found(how: str, **trouble: int) -> list[str]:
        folder = tmp_path / how
        folder.mkdir()
        broken = f"--program={BROKEN} {how}"
        status, output = await asyncio.to_thread(proved, folder, broken, **trouble)
        assert status == 1, output
        assert "A promise was broken." in output, output
        assert list(folder.iterdir()) == []
        return [what for what in PROMISES if counted(output)[what]]

    proofs = (
        found("records-afterwards"),
        found("needs-hints"),
        found("repeats", cuts=6),
        found("never-judges", removals=4),
    )
    outcomes = list(await asyncio.gather(*proofs))
    assert outcomes == [["lost"], ["lost"], ["twice"], ["leaked"]]


def test_a_database_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    status, output = proved(tmp_path, "--database=mysql://localhost/homeroom")
    assert status == 1
    assert "Error: --database: it must be like postgresql://" in output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("database", "number"), [("sqlite", signal.SIGTERM), ("postgresql", signal.SIGINT)]
)
def test_whoever_stops_it_finds_nothing_left(
    tmp_path: Path, database: str, number: signal.Signals
) -> None:
    given = on_postgresql() if database == "postgresql" else []
    with started(tmp_path, *given, events=100_000, clients=1) as process:
        assert within(60, lambda: "/posts" in log_of(tmp_path)), log_of(tmp_path)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        (server,) = [int(pid) for pid in children.read_text().split()]
        process.send_signal(number)
        process.wait(60)
    assert process.returncode == 1
    assert not is_alive(server)
    assert list(tmp_path.iterdir()) == []
    if database == "postgresql":
        assert databases_of(process.pid) == []


def log_of(tmp_path: Path) -> str:
    return "".join(file.read_text() for file in tmp_path.glob("*/*/server.log"))
