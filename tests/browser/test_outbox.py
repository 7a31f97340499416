"""Posts on their way: of one user in any number of tabs, each there once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.board import Board, OpenBoard
from tests.support.server import Server

POSTING = "**/api/channels/*/posts"
EVERY_ORDER = Path(__file__).with_name("every_order.js")
ORDERS: list[tuple[Sequence[str], dict[str, Any]]] = [  # every_order.js says what they are
    (["reload"], {}),
    (["lose"], {}),
    (["delete"], {}),
    (["other"], {}),
    (["reload"], {"renames": True}),
    (["reload", "lose"], {"quickly": ["list"]}),
    (["reload", "delete"], {"quickly": ["list"]}),
    (["reload", "other"], {"quickly": ["list"]}),
    (["open"], {"quickly": ["list"]}),
    ([], {"tabs": 2}),
    (["lose"], {"tabs": 2}),
    (["lose"], {"tabs": 2, "hasLocks": False, "quickly": ["storage"]}),
]
FIRST_KEY = """() => {
  const places = Object.keys(localStorage).filter((place) => place.startsWith("outbox "));
  return places.sort()[0].split(" ").at(-1);
}"""
FORBID_STORAGE = """() => {
  const forbid = () => { throw new DOMException("It is forbidden.", "SecurityError"); };
  Object.defineProperty(window, "localStorage", { get: forbid });
  navigator.locks.request = async () => forbid();
}"""


def lose_posts(context: BrowserContext) -> None:
    context.route(
        POSTING,
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )


def pending(page: Page, texts: list[str]) -> None:
    expect(page.locator("#pending .text")).to_have_text(texts)


def test_a_post_is_shown_once_in_whatever_order_its_news_come(open_board: OpenBoard) -> None:
    somebody = open_board()
    somebody.page.route("**/every_order.js", lambda route: route.fulfill(path=EVERY_ORDER))
    somebody.go("/no-such-page")
    trying = "([things, given]) => import('/every_order.js').then((it) => it.tryAll(things, given))"
    tried = 0
    for things, given in ORDERS:
        found = somebody.page.evaluate(trying, [things, given])
        assert "wrong" not in found, f"{found['wrong']} {', '.join(found['order'])}"
        tried += found["orders"]
    assert tried > 5000


def test_what_the_list_has_before_the_answer_comes_is_not_below_it_for_ever(ann: Board) -> None:
    """The answer was lost, and the page is reloaded just when the network is back."""
    lose_posts(ann.context)
    texts = [f"in a tunnel {number}" for number in range(3)]
    for text in texts:
        ann.write(text)
    pending(ann.page, texts)
    key = ann.page.evaluate(FIRST_KEY)
    address, path = ann.page.url, ann.posts_path
    ann.go("/no-such-page")
    ann.ask(path, {"text": texts[0]}, key=key)
    held: list[Route] = []
    network_is_back = False

    def hold(route: Route) -> None:
        if route.request.method == "GET" or network_is_back:
            route.continue_()
        else:
            held.append(route)

    ann.context.unroute(POSTING)
    ann.page.route(POSTING, hold)
    ann.page.goto(address)
    ann.shows(texts[:1])
    pending(ann.page, texts)
    network_is_back = True
    held[-1].continue_()  # the first one may have been given up as the page became live
    ann.shows(texts)
    pending(ann.page, [])


def test_what_the_storage_has_no_room_for_is_sent_as_long_as_the_page_is_there(ann: Board) -> None:
    lose_posts(ann.context)
    ann.page.evaluate(
        """() => {
            for (let size = 2 ** 23; size; size >>= 1)
                try { localStorage[`full ${size}`] = "x".repeat(size); } catch {}
        }"""
    )
    ann.write("no room")
    pending(ann.page, ["no room"])
    ann.context.unroute(POSTING)
    ann.shows(["no room"])
    pending(ann.page, [])
    ann.page.add_init_script(f"({FORBID_STORAGE})()")
    ann.page.reload()
    ann.opens("general")
    ann.write("no storage")
    ann.shows(["no room", "no storage"])
    pending(ann.page, [])


def test_what_one_tab_could_not_send_another_does_when_it_can(ann: Board, server: Server) -> None:
    other_tab = ann.context.new_page()
    ann.watch(other_tab)
    other_tab.goto(ann.page.url)
    expect(other_tab.locator("#channel-name")).to_have_text("general")
    server.stop()
    texts = [f"in a tunnel {number}" for number in range(3)]
    for text in texts:
        ann.write(text)
    for page in (ann.page, other_tab):
        pending(page, texts)
    ann.page.close()
    ann.page = other_tab
    server.start()
    ann.shows(texts)
    pending(other_tab, [])
    ann.page.reload()
    ann.shows(texts)


def test_what_one_user_has_written_is_neither_shown_nor_sent_for_another(
    ann: Board, open_board: OpenBoard, server: Server
) -> None:
    bob = open_board()
    bob.arrive("bob", join_code=ann.join_code())
    address = ann.page.url
    server.stop()
    ann.write("by ann, for sure")
    pending(ann.page, ["by ann, for sure"])
    ann.page.close()
    ann.context.clear_cookies()
    server.start()
    ann.page = ann.context.new_page()
    ann.watch(ann.page)
    ann.sign_in("bob")
    ann.page.goto(address)
    ann.write("by bob")
    ann.shows(["by bob"])
    pending(ann.page, [])
    ann.context.clear_cookies()
    ann.sign_in("ann")
    ann.page.goto(address)
    ann.shows(["by bob", "by ann, for sure"])
    expect(bob.post("by ann").locator(".author")).to_have_text("Ann")


def test_a_page_of_one_user_sends_nothing_once_another_has_signed_in(
    ann: Board, open_board: OpenBoard, server: Server
) -> None:
    bob = open_board()
    bob.arrive("bob", join_code=ann.join_code())
    address = ann.page.url
    server.stop()
    ann.write("by ann, for sure")
    pending(ann.page, ["by ann, for sure"])
    ann.context.clear_cookies()
    for cookie in bob.context.cookies():
        ann.context.add_cookies(
            [{"name": cookie["name"], "value": cookie["value"], "url": server.url}]
        )
    server.start()
    expect(ann.page.locator("#signed-out")).to_contain_text("somebody else has signed in")
    bob.is_live()
    bob.shows([])
    ann.context.clear_cookies()
    ann.sign_in("ann")
    ann.page.goto(address)
    ann.shows(["by ann, for sure"])


def test_what_is_on_its_way_while_another_signs_in_in_another_tab_waits_for_who_wrote_it(
    ann: Board, open_board: OpenBoard
) -> None:
    bob = open_board()
    bob.arrive("bob", join_code=ann.join_code())
    bob.opens("general")
    held: list[Route] = []
    ann.page.route(POSTING, lambda route: held.append(route))  # noqa: PLW0108 - it looks inside
    address, first_tab = ann.page.url, ann.page
    with first_tab.expect_request(lambda request: request.method == "POST"):
        ann.write("by ann, for sure")
    ann.page = ann.context.new_page()
    ann.watch(ann.page)
    ann.sign_in("bob")
    for route in held:
        route.continue_()
    first_tab.unroute(POSTING)
    expect(first_tab.locator("#pending")).to_contain_text("Somebody else is signed in here now.")
    ann.write("by bob")
    for board in (ann, bob):
        board.shows(["by bob"])
    pending(ann.page, [])
    ann.context.clear_cookies()
    ann.sign_in("ann")
    ann.page.goto(address)
    for board in (ann, bob):
        board.shows(["by bob", "by ann, for sure"])
    expect(bob.post("by ann").locator(".author")).to_have_text("Ann")


@pytest.mark.parametrize("gives_up", ["discard(outbox.of(1)[0])", "empty()"])
def test_what_was_given_up_on_its_way_does_not_come_back_when_another_has_signed_in(
    ann: Board, gives_up: str
) -> None:
    held: list[Route] = []
    page = ann.context.new_page()
    page.route(POSTING, lambda route: held.append(route))  # noqa: PLW0108 - it looks inside
    page.goto(f"{ann.server.url}/register")
    with page.expect_request(lambda request: request.method == "POST"):
        page.evaluate(
            """async () => {
                const { Outbox } = await import("/static/outbox.js");
                window.outbox = new Outbox({ user: 999 });
                outbox.add(1, null, "by somebody else");
            }"""
        )
    page.evaluate(f"outbox.{gives_up}")
    with page.expect_response(lambda response: response.status == 401):
        held[0].continue_()
    left = "navigator.locks.request(`outbox ${location.origin} 999 `, () => ({ ...localStorage }))"
    assert page.evaluate(left) == {}
