"""`main.py copy-to`: everything goes on in the other database, whatever is killed on the way."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from api.cli import cli
from model.schema import COMING, MOVED, SchemaMismatch
from tests.live.client import LiveClient
from tests.model.test_schema import checked
from tests.support.databases import new_postgresql
from tests.support.forked import Forked
from tests.support.http_client import first_account
from tests.support.server import Server, changed_by

ENDED_WITHIN_S = 30


@pytest.fixture
def target(database_url: str, tmp_path: Path) -> Iterator[str]:
    """A new database of the other kind."""
    if database_url.startswith("sqlite"):
        with new_postgresql() as url:
            yield url
    else:
        yield f"sqlite:///{tmp_path / 'copy.db'}"


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    settings = {"HOMEROOM_DATABASE_URL": database_url}
    server = Server(tmp_path / "instance", workers=1, settings=settings)
    server.instance.mkdir(exist_ok=True)
    yield server
    server.close()


async def test_who_follows_goes_on_in_the_other_database_as_after_a_restart(
    server: Server, target: str
) -> None:
    """It takes a real server, which is started twice."""
    ann = await asyncio.to_thread(first_account, await asyncio.to_thread(server.start))
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    posts = f"/api/channels/{channel['id']}/posts"
    live = ann.made("GET", posts)["live"]
    ((topic, seq),) = live["topics"].items()
    ann.made("POST", posts, {"text": "before"})
    refused = await asyncio.to_thread(server.run, "copy-to", target)
    assert refused.output.endswith("Error: The database is in use: stop every server first.\n")
    await asyncio.to_thread(server.stop)
    done = await asyncio.to_thread(server.run, "copy-to", target)
    assert (done.exit_code, done.stdout.splitlines()[0][:16]) == (0, "Everything is in")
    refused = await asyncio.to_thread(server.run, "user-list")
    assert refused.output.startswith("Error: The database has moved to ")
    server.settings["HOMEROOM_DATABASE_URL"] = target
    refused = await asyncio.to_thread(server.run, "copy-to", target)
    assert "is where everything comes from, as HOMEROOM_DATABASE_URL says" in refused.output
    await asyncio.to_thread(server.start)
    async with LiveClient(server.url, ann.token) as client:
        assert (await client.hello(live))["epoch"] == live["epoch"]
        assert (await client.event(topic, seq + 1))["data"]["text"] == "before"
        await asyncio.to_thread(ann.made, "POST", posts, {"text": "after"})
        assert (await client.event(topic, seq + 2))["data"]["text"] == "after"


def killed_at(place: str, server: Server, target: str) -> None:
    """Begin to move, and be killed where a function of model/copying/move.py is called."""
    killed = [
        "import os, signal, sys",
        "from model.copying import move",
        f"move.{place} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)",
        f"sys.argv = ['main.py', 'copy-to', {target!r}]",
    ]
    program = changed_by("\n".join(killed))
    log = server.instance.parent / "killed.log"
    log.touch()
    process = Forked(program, server.environment, server.instance.parent, log)
    assert process.wait(ENDED_WITHIN_S) == -signal.SIGKILL, log.read_text()


def starts(url: str) -> bool:
    try:
        asyncio.run(checked(url))
    except SchemaMismatch:
        return False
    return True


def added(server: Server, name: str) -> Result:
    added = ["user-add", name, "--password", "correct horse"]
    done = CliRunner().invoke(cli, added, env=server.environment)
    assert done.exit_code == 0, done.output
    return done


def test_a_kill_at_any_moment_leaves_one_that_starts_and_the_same_command_finishes(
    server: Server, target: str, database_url: str
) -> None:
    """Four processes and two migrations take their time."""
    added(server, "zoe")
    killed_at("coming_from", server, target)
    assert starts(database_url), "it is copied, and nothing of that is committed"
    killed_at("moving_away", server, target)
    assert starts(database_url), "the copy is there"
    assert not starts(target)
    added(server, "yan")
    killed_at("settle", server, target)
    assert not starts(database_url), "it has gone"
    assert not starts(target)
    for _ in range(2):
        done = server.run("copy-to", target)
        assert done.exit_code == 0, done.output
    assert starts(target)
    assert not starts(database_url)
    server.settings["HOMEROOM_DATABASE_URL"] = target
    assert [line.split()[1] for line in server.run("user-list").output.splitlines()[1:]] == [
        "zoe",
        "yan",
    ]


def test_no_code_ever_takes_the_marks_of_a_move_for_older_than_itself() -> None:
    assert min(MOVED, COMING) > "9999"
