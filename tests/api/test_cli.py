"""The commands, as whoever runs the server types them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import cli
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
    assert (shown.exit_code, shown.output) == (0, f"Homeroom {project['version']}\n")


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


def test_accounts_are_made_and_passwords_set_by_commands(server: Server) -> None:
    spelt = " zo\u00ade "
    added = server.run("user-add", spelt, "--role", "admin", "--password", "a long password")
    assert (added.exit_code, added.stdout) == (0, "Added zoe with the id 1, role admin.\n")
    again = server.run("user-add", "ZOE", "--password", "a long password")
    assert again.exit_code == 1
    assert again.stderr == "Error: Somebody has this username.\n"
    short = server.run("user-password", "zoe", "--password", "short")
    assert short.exit_code == 2
    changed = server.run("user-password", "\uff3aoe", "--password", "another long one")
    assert changed.exit_code == 0
    server.start()
    assert not re.search("#first=", server.log)
    form = {"username": "zoe", "password": "another long one", "token": True}
    assert HttpClient(server).made("POST", "/api/sessions", form)["user"]["role"] == "admin"
