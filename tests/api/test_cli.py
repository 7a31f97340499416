"""The commands, as whoever runs the server types them."""

import asyncio
import re
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import cli
from api.commands.shell import Console
from model.database.address import sqlite_address
from model.database.lock import exclusive
from tests.support.http_client import HttpClient
from tests.support.server import ROOT, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance")
    yield server
    server.close()


@pytest.mark.parametrize("word", ["--help", "serve --help", "user-add --help"])
def test_help_tells_of_every_command(word: str) -> None:
    shown = CliRunner().invoke(cli, word.split())
    assert shown.exit_code == 0
    assert "Usage" in shown.output


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    shown = CliRunner().invoke(cli, ["--version"])
    first, second = shown.stdout.splitlines()
    assert (shown.exit_code, first) == (0, f"Homeroom {project['version']}")
    told = dict(part.rsplit(" ", 1) for part in second.split(", "))
    assert told["SQLite"] == sqlite3.sqlite_version
    assert {"schema", "quart", "hypercorn", "sqlalchemy", "asyncpg"} <= told.keys()


@pytest.mark.parametrize("username", ["x", "deleted:7", "zoë", "", "Bob Smith"])
def test_a_username_that_nobody_could_register_is_refused(username: str) -> None:
    refused = CliRunner().invoke(cli, ["user-add", username, "--password", "a long password"])
    assert refused.exit_code == 2
    assert "2 to 39 letters" in refused.output


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--name", ""),
        ("--name", "\u2800"),
        ("--name", "z" * 81),
        ("--password", "1234567"),
        ("--password", "x" * 201),
    ],
)
def test_a_name_or_password_that_nobody_could_register_is_refused(option: str, value: str) -> None:
    given = ["user-add", "zoe", "--password", "a long password", option, value]
    refused = CliRunner().invoke(cli, given)
    assert refused.exit_code == 2
    assert f"Invalid value for '{option}'" in refused.output


def acts_of(server: Server) -> list[tuple[str, str, int | None]]:
    """What the audit has, in order."""
    with closing(sqlite3.connect(server.instance / "app.db")) as database:
        return database.execute("SELECT kind, via, by_id FROM acts ORDER BY id").fetchall()


def test_accounts_are_made_and_passwords_set_by_commands(server: Server) -> None:
    spelt = " zo\u00ade "
    added = server.run("user-add", spelt, "--role", "admin", "--password", "a long password")
    assert (added.exit_code, added.stdout) == (0, "Added zoe with the id 1, role admin.\n")
    again = server.run("user-add", "ZOE", "--password", "a long password")
    assert again.exit_code == 1
    assert again.stderr == "Error: Somebody has this username, or had it within a year.\n"
    short = server.run("user-password", "zoe", "--password", "short")
    assert short.exit_code == 2
    changed = server.run("user-password", "\uff3aoe", "--password", "yet another one")
    assert changed.exit_code == 0
    made = server.run("user-link", "Zoe")
    assert made.exit_code == 0
    assert "sets a new password for zoe, once, until" in made.stdout
    assert server.run("user-link", "nobody").stderr == (
        "Error: There is no active account with the name nobody.\n"
    )
    token = made.stdout.partition(f"{server.url}/reset#token=")[2].strip()
    assert server.run("new-epoch").exit_code == 0
    acts = ["account.added", "password.set", "link.made", "epoch.begun"]
    assert acts_of(server) == [(kind, "command", None) for kind in acts]
    server.start()
    client = HttpClient(server)
    form = {"token": token, "password": "another long one"}
    client.made("PUT", "/api/password-resets", form)
    assert server.run("user-list").stdout.splitlines() == [
        "id  username  name  role   active  last seen",
        "1   zoe       zoe   admin  yes     never",
    ]
    assert token not in server.log
    assert not re.search("#first=", server.log)
    signing_in = {"username": "zoe", "password": "another long one", "token": True}
    assert client.made("POST", "/api/sessions", signing_in)["user"]["role"] == "admin"


def test_options_of_serve_win_over_settings(server: Server) -> None:
    """A real start, which is what the options are for: 1.5 s."""
    server.workers = 5
    server.settings["HOMEROOM_BIND"] = "127.0.0.1:1"
    options = ["serve", "--bind", f"127.0.0.1:{server.port}", "--workers", "2"]
    server.program = [*server.program, *options]
    server.start()
    assert len(server.worker_pids()) == 2


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--bind=8080", "HOMEROOM_BIND: it must be an address and a port, like 127.0.0.1:8080"),
        ("--workers=none", "HOMEROOM_WORKERS: Input should be a valid integer"),
    ],
)
def test_a_wrong_option_of_serve_is_named(option: str, said: str) -> None:
    refused = CliRunner().invoke(cli, ["serve", option])
    assert refused.exit_code == 1
    assert said in refused.stderr


def test_a_script_awaits_what_the_model_answers(server: Server) -> None:
    script = """
async with database.write("script") as db:
    await user.create_user(db, "zoe", "Zoë", "hash", role=user.ServerRole.ADMIN)
async with database.read() as db:
    print(settings.port, await db.all(select(Users.id, Users.username)))
"""
    ran = server.run("shell", typed=script)
    assert (ran.exit_code, ran.stdout) == (0, f"{server.port} [(1, 'zoe')]\n")
    assert server.run("shell", typed="raise SystemExit(7)").exit_code == 7


async def test_no_shell_opens_while_the_database_is_moved(server: Server) -> None:
    assert (await asyncio.to_thread(server.run, "user-list")).exit_code == 0
    address = sqlite_address(server.instance / "app.db")
    async with exclusive(address, server.instance):
        refused = await asyncio.to_thread(server.run, "shell", typed="print('open')")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "try again when that is done" in refused.stderr


def test_the_prompt_answers_what_is_awaited_and_survives_what_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with asyncio.Runner() as runner:
        console = Console({"asyncio": asyncio}, runner)
        for line in ["await asyncio.sleep(0, 'slept')", "await nothing()", "6 * 7"]:
            assert not console.push(line)
    shown = capsys.readouterr()
    assert shown.out == "'slept'\n42\n"
    assert shown.err.endswith("NameError: name 'nothing' is not defined\n")


def test_what_a_command_backs_up_is_listed_wherever_it_is(server: Server, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a copy.zip"
    for given in (["--no-files"], [str(elsewhere)]):
        assert server.run("backup", *given).exit_code == 0
    with closing(sqlite3.connect(server.instance / "app.db")) as database:
        columns = "name, origin, state, with_files, elsewhere FROM backups ORDER BY id"
        listed = database.execute(f"SELECT {columns}").fetchall()
    (kept,) = (server.instance / "backups").iterdir()
    assert listed == [
        (kept.name, "command", "done", 0, 0),
        (str(elsewhere), "command", "done", 1, 1),
    ]
    assert acts_of(server) == [("backup.made", "command", None)] * 2
