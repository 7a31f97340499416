"""The examples of the documents run as they stand there, on a server that is empty at first."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import HERE, commands_for_a_running_server
from tests.support.pictures import photo
from tests.support.server import ROOT, Server

# A refusal ends the script, each answer is a line of its own, and of a stream the first is enough.
CURL = """
set -e
curl() {
  case " $* " in
    *" -N "*) command curl --fail-with-body "$@" | sed '/^data: /q' ;;
    *) command curl --fail-with-body "$@" ;;
  esac
  echo
}
"""
ASKING = ("README.md", "api/README.md")
PICTURE = photo((400, 200))
FINISHED_WITHIN_S = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands are typed."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "holiday.jpg").write_bytes(PICTURE)
    return folder


@pytest.fixture(scope="module")
def printed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the commands of the first page print, and then those of the page for clients."""
    server = Server(tmp_path_factory.mktemp("server") / "instance", workers=1).start()
    script = CURL + "".join(map(commands_for_a_running_server, ASKING))
    script = script.replace(HERE, f"127.0.0.1:{server.port}")
    try:
        done = subprocess.run(
            ["sh", "-c", script.replace('"FIRST"', f'"{server.first_token()}"')],
            cwd=folder,
            env={**os.environ, "no_proxy": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=FINISHED_WITHIN_S,
            check=False,
        )
    finally:
        server.close()
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr[-1000:]}"
    return [line for line in done.stdout.splitlines() if line]


@pytest.fixture(scope="module")
def answers(printed: list[str]) -> list[Any]:
    return [json.loads(line) for line in printed if line.startswith("{")]


def test_no_other_page_asks_a_running_server() -> None:
    for page in ROOT.glob("*/README.md"):
        name = page.relative_to(ROOT).as_posix()
        assert name in ASKING or not commands_for_a_running_server(name), name


def test_the_first_page_makes_an_account_a_group_a_channel_and_a_post(answers: list[Any]) -> None:
    ann, group, channel, post = answers[:4]
    assert (ann["username"], ann["role"]) == ("ann", "admin")
    assert (group["id"], channel["id"], post["id"]) == (1, 1, 1), "as the next commands name them"
    assert (post["text"], post["author"]["name"]) == ("Good morning!", "Ann")


def test_the_page_for_clients_goes_on_from_there(answers: list[Any], folder: Path) -> None:
    morning, rolls, again, listed, code, waiting, shown, *others = answers[3:]
    links, patched, documents, found, score, best, log = others
    assert (code["admission"], code["max_uses"], waiting["applications"]) == ("approval", 30, [])
    assert again == rolls, "repeated with its key"
    assert listed["posts"] == [rolls, morning]
    assert [file["name"] for file in shown["files"]] == ["holiday.jpg"]
    assert (folder / "copy.jpg").read_bytes() == PICTURE
    assert (folder / "small.webp").read_bytes().startswith(b"RIFF")
    assert links["thumbnails"].keys() == {"64", "256", "1024"}
    assert patched["body"]["open"] is False
    assert documents["documents"] == [patched]
    assert [result["post"]["id"] for result in found["results"]] == [morning["id"]]
    assert best["scores"] == [score]
    assert log["events"][-1]["kind"] == "score.set"


def test_the_stream_tells_what_it_follows(printed: list[str]) -> None:
    (frame,) = [json.loads(line[6:]) for line in printed if line.startswith("data: ")]
    welcome, *subscribed = frame
    assert (welcome["type"], welcome["user"]["name"]) == ("welcome", "Ann")
    assert {message["topic"] for message in subscribed} == {"channel:1", "group:1"}
