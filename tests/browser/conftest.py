"""Real browsers before the real server. Skipped where there is no Chromium, never in CI."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.board import Board, OpenBoard
from tests.support.server import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
IN_CI = os.environ.get("CI") == "true"
FLAGS = [
    "--no-sandbox",  # root has none, as in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM or IN_CI:
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="no chromium on this machine's PATH"))


@pytest.fixture(scope="module")  # its event loop must end before other tests begin theirs
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "the tests in a browser need chromium on the PATH"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    instance = tmp_path / "instance"
    running = Server(instance, settings={"HOMEROOM_REGISTRATION": "open"}).start()
    yield running
    running.close()


@pytest.fixture
def open_board(browser: Browser, server: Server) -> Iterator[OpenBoard]:
    """A browser of somebody's own each time; at the end none has complained about anything."""
    boards: list[Board] = []

    def opened() -> Board:
        boards.append(Board(browser.new_context(), server))
        return boards[-1]

    yield opened
    complaints = [complaint for board in boards for complaint in board.complaints]
    for board in boards:
        board.context.close()
    assert complaints == []


@pytest.fixture
def two(open_board: OpenBoard, server: Server) -> tuple[Board, Board]:
    """ann owns the group "Class" with the channel "general"; bob is a member. Both look at it."""
    ann, bob = open_board(), open_board()
    ann.register("ann", f"#first={server.first_token()}")
    ann.make_group("Class")
    ann.make_channel("general")
    bob.register("bob", f"#join={ann.make_code()}")
    expect(bob.page.locator("#channel-name")).to_have_text("general")
    return ann, bob
