"""Real browsers before the real server. Skipped where there is no Chromium, never in CI."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.board import Board, OpenBoard, joined
from tests.browser.contexts import Contexts
from tests.support.databases import empty_running_sqlite
from tests.support.server import Server

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")  # the first is the lightest
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
IN_CI = os.environ.get("CI") == "true"
SETTINGS = {"HOMEROOM_REGISTRATION": "open", "HOMEROOM_BACKUP_DOWNLOAD": "on"}
FLAGS = [
    "--no-sandbox",  # root has none, as in a container
    "--disable-gpu",
    "--in-process-gpu",  # a process less for each browser
    "--renderer-process-limit=1",  # for all pages of somebody
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


@pytest.fixture(scope="package")  # its event loop must end before other tests begin theirs
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "the tests in a browser need chromium on the PATH"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> Contexts:
    return Contexts(browser)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this process: starting one takes longer than most of them."""
    instance = tmp_path_factory.mktemp("server") / "instance"
    running = Server(instance, workers=2, settings=dict(SETTINGS))
    yield running.start()
    running.close()


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """As it is after the first start: nobody has an account. Tests may stop it and change it."""
    yield running
    if running.settings != SETTINGS:
        running.settings = dict(SETTINGS)
        running.close()
    shutil.rmtree(running.instance / "backups", ignore_errors=True)
    empty_running_sqlite(running.instance / "app.db")
    if not running.answers():
        running.close()
        running.start()


@pytest.fixture
def open_board(contexts: Contexts, server: Server) -> Iterator[OpenBoard]:
    """A browser of somebody's own each time; at the end none has complained about anything."""
    boards: list[Board] = []

    def opened() -> Board:
        boards.append(Board(contexts.take(), server))
        return boards[-1]

    yield opened
    complaints = [complaint for board in boards for complaint in board.complaints]
    for board in boards:
        if board.has_a_clock:
            board.context.close()
        else:
            contexts.give_back(board.context)
    assert complaints == []


@pytest.fixture
def ann(open_board: OpenBoard, server: Server) -> Board:
    """She owns the group "Class" with the channel "general", and looks at it."""
    ann = open_board()
    ann.arrive("ann", token=server.first_token(), founding=("Class", "general"))
    return ann


@pytest.fixture
def two(ann: Board, open_board: OpenBoard) -> tuple[Board, Board]:
    """bob is a member of the group that ann owns. Both look at its channel."""
    return ann, joined(open_board, ann)
