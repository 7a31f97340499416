"""Front ends on another origin: the one that the README shows, word for word, and one offline."""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.board import Board, OpenBoard
from tests.support.documents import HERE, blocks
from tests.support.people import PASSWORD
from tests.support.server import ROOT, Server


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One of its own, not started yet: its settings name the page's origin, the pages channel 1."""
    server = Server(tmp_path / "instance", settings={"HOMEROOM_REGISTRATION": "open"})
    yield server
    server.close()


@contextmanager
def pages_host(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as host:
        thread = Thread(target=host.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{host.server_port}"
        host.shutdown()
        thread.join()


def page_of_the_readme(server: Server, added: Sequence[str] = ()) -> str:
    """`added` goes to its end, as api/README.md says."""
    (page,) = blocks("README.md", "html")
    page = page.replace("</script>", "".join([*added, "</script>"]))
    return page.replace(f"http://{HERE}", server.url)


def test_the_page_shows_all_that_the_page_for_clients_adds(
    open_board: OpenBoard, server: Server, tmp_path: Path
) -> None:
    ann, page = open_board(), open_board().page
    page.on("dialog", lambda dialog: dialog.accept(PASSWORD))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    shown = page_of_the_readme(server, blocks("api/README.md", "js"))
    (tmp_path / "page.html").write_text(shown)

    def play(points: int) -> None:
        score = json.dumps({"game": "snake", "points": points})
        sent = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": score}
        ann.page.evaluate("sent => fetch('/api/channels/1/scores', sent)", sent)

    with pages_host(tmp_path) as origin:
        server.settings["HOMEROOM_ORIGINS"] = origin
        server.start()
        ann.arrive("ann", token=server.first_token(), founding=("Class", "general"))
        play(7)
        page.goto(f"{origin}/page.html")
        expect(page.locator("p")).to_have_text("Ann: 7")
        for points in (5, 9):
            play(points)
        expect(page.locator("p")).to_have_text("Ann: 9")
        ann.page.evaluate("fetch('/api/scores/3', { method: 'DELETE' })")
        expect(page.locator("p")).to_have_text("Ann: 7")
        expect(page.locator("#posts > li")).to_have_text(["Ann: Written in a tunnel"])
        ann.shows(["Written in a tunnel"])
        assert "here: Ann" in said


def test_a_page_on_a_named_origin_signs_in_lists_and_follows_a_channel(
    open_board: OpenBoard, server: Server, tmp_path: Path
) -> None:
    ann, page = open_board(), (stranger := open_board()).page
    (tmp_path / "page.html").write_text(page_of_the_readme(server))
    with pages_host(tmp_path) as origin:
        server.settings["HOMEROOM_ORIGINS"] = origin
        server.start()
        ann.arrive("ann", token=server.first_token(), founding=("Class", "general"))
        ann.write("written before")
        expect(ann.post("written before")).to_have_count(1)
        passwords = iter(("wrong", PASSWORD))
        page.on("dialog", lambda dialog: dialog.accept(next(passwords)))
        page.goto(f"{origin}/page.html")
        expect(page.locator("body")).to_have_text("The username or the password is wrong.")
        stranger.complaints.remove("The username or the password is wrong.")
        page.reload()
        expect(page.locator("#posts > li")).to_have_text(["Ann: written before"])
        expect(page).to_have_title("live")
        ann.write("written after")
        expect(page.locator("#posts > li").last).to_have_text("Ann: written after")
        server.stop()
        expect(page).not_to_have_title("live")
        server.start()
        ann.write("written after the restart")
        expect(page.locator("#posts > li").last).to_have_text("Ann: written after the restart")
        expect(page).to_have_title("live")
        expect(page.locator("#posts > li")).to_have_count(3)


@dataclass
class Elsewhere:
    """bob before tests/browser/elsewhere, beside ann before the board."""

    ann: Board
    page: Page
    server: Server
    address: str

    def write(self, text: str) -> None:
        self.page.locator("#text").fill(text)
        self.page.locator("#text").press("Enter")

    def is_live(self) -> None:
        expect(self.page).to_have_title("live")

    def shows(self, texts: list[str]) -> None:
        expect(self.page.locator("#posts > li")).to_have_text(texts)

    def has_pending(self, texts: list[str]) -> None:
        expect(self.page.locator("#pending > li")).to_have_text(texts)


@pytest.fixture
def elsewhere(open_board: OpenBoard, server: Server, tmp_path: Path) -> Iterator[Elsewhere]:
    ann, bob = open_board(), open_board()
    folder = tmp_path / "pages"
    shutil.copytree(Path(__file__).parent / "elsewhere", folder)
    for copied in ("api.js", "live.js", "outbox.js"):
        shutil.copy(ROOT / "static" / copied, folder)
    shutil.copytree(ROOT / "static" / "live", folder / "live")
    with pages_host(folder) as origin:
        server.settings["HOMEROOM_ORIGINS"] = origin
        server.start()
        ann.arrive("ann", token=server.first_token(), founding=("Class", "general"))
        bob.arrive("bob", join_code=ann.join_code())
        bob.page.close()
        channel = re.findall(r"channel=(\d+)", ann.page.url)[0]
        values = {"server": server.url, "channel": channel, "username": "bob", "password": PASSWORD}
        page = bob.context.new_page()
        yield Elsewhere(ann, page, server, f"{origin}/?{urlencode(values)}")


WITHOUT_WEBSOCKETS = """
window.WebSocket = class extends WebSocket {
  constructor() { super("ws://127.0.0.1:9/"); }  // where nobody answers
};
"""


@pytest.mark.parametrize("blocked", [False, True], ids=["by websocket", "by events"])
def test_it_follows_whatever_the_network_lets_through_and_sends_what_was_written_offline(
    elsewhere: Elsewhere, *, blocked: bool
) -> None:
    ann, page, server = elsewhere.ann, elsewhere.page, elsewhere.server
    if blocked:
        page.add_init_script(WITHOUT_WEBSOCKETS)
    ann.write("before")
    expect(ann.post("before")).to_have_count(1)
    page.goto(elsewhere.address)
    elsewhere.is_live()
    elsewhere.shows(["before"])
    expect(page.locator("#here")).to_have_text("Ann, Bob")
    ann.page.locator("#text").press_sequentially("and")
    expect(page.locator("#signals")).to_have_text("Ann: typing")
    ann.page.locator("#text").press("Enter")
    elsewhere.shows(["before", "and"])

    server.stop()
    expect(page).not_to_have_title("live")
    elsewhere.write("from bob, offline")
    elsewhere.write("from bob, offline, too")
    elsewhere.has_pending(["from bob, offline", "from bob, offline, too"])
    page.reload()
    elsewhere.has_pending(["from bob, offline", "from bob, offline, too"])
    ann.write("from ann, offline")
    server.start()
    elsewhere.is_live()
    ann.is_live()
    for text in ("from bob, offline, too", "from ann, offline"):
        expect(ann.post(text)).to_have_count(1)
    elsewhere.has_pending([])
    expect(page.locator("#posts > li")).to_have_count(5)
    elsewhere.shows(ann.texts())

    page.context.set_offline(True)
    server.stop()
    server.start()
    ann.is_live()
    for number in range(3):
        ann.write(f"missed {number}")
        expect(ann.post(f"missed {number}")).to_have_count(1)
    page.context.set_offline(False)
    expect(page.locator("#posts > li")).to_have_count(8)
    elsewhere.shows(ann.texts())


def test_signing_out_forgets_what_was_not_sent(elsewhere: Elsewhere) -> None:
    ann, page, server = elsewhere.ann, elsewhere.page, elsewhere.server
    page.goto(elsewhere.address)
    elsewhere.is_live()
    server.stop()
    elsewhere.write("never sent")
    elsewhere.has_pending(["never sent"])
    page.get_by_role("button", name="Sign out").click()
    elsewhere.has_pending([])
    assert page.evaluate("localStorage.length") == 0
    server.start()
    page.reload()
    elsewhere.is_live()
    elsewhere.write("sent")
    elsewhere.shows(["sent"])
    ann.shows(["sent"])


def test_a_renewed_sign_in_outlives_the_one_before_on_the_same_connection(
    elsewhere: Elsewhere,
) -> None:
    page = elsewhere.page
    with page.expect_websocket() as opened:
        page.goto(elsewhere.address)
    elsewhere.is_live()
    with opened.value.expect_event("framereceived", lambda frame: '"renewed"' in frame):
        page.get_by_role("button", name="Sign in again").click()
    token = page.evaluate("JSON.parse(sessionStorage.session).token")
    url = f"{elsewhere.server.url}/api/sessions/current"
    page.request.delete(url, headers={"Authorization": f"Bearer {token}"})
    elsewhere.write("after that")
    elsewhere.ann.shows(["after that"])
    elsewhere.shows(["after that"])
    elsewhere.is_live()
    assert not opened.value.is_closed()
