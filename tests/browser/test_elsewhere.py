"""A front end on another origin: the page that the README shows, word for word."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import expect

from tests.browser.board import Board
from tests.people import PASSWORD
from tests.server import ROOT, Server

OpenBoard = Callable[[], Board]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def pages_host(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as host:
        thread = Thread(target=host.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{host.server_port}"
        host.shutdown()
        thread.join()


def page_of_the_readme(server: Server) -> str:
    (page,) = re.findall(r"```html\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return str(page).replace("http://localhost:8080", server.url)


def test_a_page_on_a_named_origin_signs_in_lists_and_follows_a_channel(
    open_board: OpenBoard, server: Server, tmp_path: Path
) -> None:
    ann, page = open_board(), open_board().page
    page.on("dialog", lambda dialog: dialog.accept(PASSWORD))
    (tmp_path / "page.html").write_text(page_of_the_readme(server))
    with pages_host(tmp_path) as origin:
        server.stop()
        server.settings["HOMEROOM_ORIGINS"] = origin
        server.start()
        ann.register("ann", f"#first={server.first_token()}")
        ann.make_group("Class")
        ann.make_channel("general")
        ann.write("written before")
        expect(ann.post("written before")).to_have_count(1)
        page.goto(f"{origin}/page.html")
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
