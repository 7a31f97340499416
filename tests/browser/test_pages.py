"""Every page is whole: nothing that the policy forbids, cached files, errors in one look."""

import urllib.error
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.board import OpenBoard
from tests.support.server import ROOT, Server

STATIC = ROOT / "static"
FILES = sorted(path.relative_to(STATIC) for path in STATIC.rglob("*") if path.is_file())


def test_no_page_breaks_the_content_security_policy(open_board: OpenBoard) -> None:
    somebody = open_board()
    for path in (
        "/",
        "/register",
        "/sign-in",
        "/reset",
        "/confirm-email",
        "/docs",
        "/no-such-page",
    ):
        somebody.go(path)
        expect(somebody.page.get_by_role("heading").first).to_be_visible()
        somebody.page.wait_for_load_state("networkidle")
        assert somebody.complaints == [], path


def test_the_documentation_shows_the_routes(open_board: OpenBoard) -> None:
    somebody = open_board()
    somebody.go("/docs")
    expect(somebody.page.locator("#swagger")).to_contain_text("/api/groups/{group_id}/acts")


def test_an_unknown_page_looks_like_the_others_and_says_what_is_wrong(
    open_board: OpenBoard,
) -> None:
    somebody = open_board()
    somebody.go("/no-such-page")
    expect(somebody.page.get_by_role("heading", name="Not Found")).to_be_visible()
    expect(somebody.page.get_by_text("There is no such page.")).to_be_visible()


def test_the_second_visit_loads_nothing_but_the_page_and_its_data(
    open_board: OpenBoard, server: Server
) -> None:
    ann = open_board()
    ann.arrive("ann", token=server.first_token(), founding=("Class", "general"))
    ann.page.wait_for_load_state("networkidle")  # the dialogs come last
    asked, kept = list[str](), set[str]()
    devtools = ann.context.new_cdp_session(ann.page)
    devtools.send("Network.enable")

    def answered(message: dict[str, Any]) -> None:
        is_kept = message["response"]["fromDiskCache"] or message["requestId"] in kept
        if not is_kept:
            asked.append(message["response"]["url"].removeprefix(ann.server.url))

    devtools.on("Network.requestServedFromCache", lambda message: kept.add(message["requestId"]))
    devtools.on("Network.responseReceived", answered)
    ann.go("/")
    ann.go("/board")
    ann.is_live()
    assert [path for path in asked if not path.startswith("/api/")] == ["/", "/board"]


def test_static_files_are_asked_for_again_and_answered_with_304(server: Server) -> None:
    for name in FILES:
        url = f"{server.url}/static/{name}"
        with urllib.request.urlopen(url) as first:
            tag = first.headers["ETag"]
        again = urllib.request.Request(url, headers={"If-None-Match": tag})
        with pytest.raises(urllib.error.HTTPError) as answer:
            urllib.request.urlopen(again)
        assert answer.value.code == 304, name
        answer.value.close()


ASK_FOR_A_WHILE = """async () => {
  const { askPatiently } = await import("/static/api.js");
  const options = { patience: Infinity, signal: AbortSignal.timeout(100) };
  const ended = askPatiently("GET", "/me", undefined, options).catch(({ name }) => name);
  const tooLate = new Promise((resolve) => setTimeout(() => resolve("too late"), 5_000));
  return Promise.race([ended, tooLate]);
}"""


def test_a_request_that_hangs_ends_with_the_signal_that_a_page_has_given(
    open_board: OpenBoard,
) -> None:
    somebody = open_board()
    somebody.go("/register")
    somebody.page.route("**/api/me", lambda _: None)
    assert somebody.page.evaluate(ASK_FOR_A_WHILE) == "TimeoutError"


ANSWER_CUT_OFF = """async () => {
  const { ask } = await import("/static/api.js");
  const headers = { "Content-Type": "application/problem+json" };
  const body = new ReadableStream({ start: (stream) => stream.error(new TypeError("cut off")) });
  window.fetch = async () => new Response(body, { status: 400, headers });
  return ask("POST", "/posts", {}).catch(({ code }) => code);
}"""


def test_a_refusal_that_is_cut_off_in_the_middle_is_no_refusal(open_board: OpenBoard) -> None:
    """So the outbox tries again, and nobody is told "The server answered 400."."""
    somebody = open_board()
    somebody.go("/sign-in")
    assert somebody.page.evaluate(ANSWER_CUT_OFF) == "unreachable"
