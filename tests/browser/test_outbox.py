"""Posts on their way: of one user in any number of tabs, each there once."""

import re
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
A_DAY_MS = 86_400_000
FIRST_KEY = """() => {
  const places = Object.keys(localStorage).filter((place) => place.startsWith("outbox "));
  return places.sort()[0].split(" ").at(-1);
}"""
CHANGE_STORED = """changes => {
  for (const place of Object.keys(localStorage)) {
    if (!place.startsWith("outbox ")) continue;
    const item = JSON.parse(localStorage[place]);
    const { later = 0, ...changed } = changes[item.text] ?? {};
    localStorage[place] = JSON.stringify({ ...item, ...changed, at: item.at + later });
  }
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
    held[0].continue_()
    ann.shows(texts)
    pending(ann.page, [])


def come_back(ann: Board, changes: dict[str, dict[str, Any]]) -> None:
    """To a network, and to what was written, which has been changed by its text meanwhile."""
    address = ann.page.url
    ann.go("/no-such-page")
    ann.page.evaluate(CHANGE_STORED, changes)
    ann.context.unroute(POSTING)
    ann.page.goto(address)


def test_what_has_waited_for_too_long_is_kept_until_it_is_sent_or_discarded(ann: Board) -> None:
    lose_posts(ann.context)
    texts = ["eight days ago", "by a clock that is ahead", "with a file", "just now"]
    texts += ["elsewhere", "to a post that is gone"]
    for text in texts:
        ann.write(text)
    pending(ann.page, texts)
    of_another = "`outbox ${location.origin} 999 1 key`"
    ann.page.evaluate(f"localStorage[{of_another}] = JSON.stringify({{ at: 1 }})")
    gone = {"id": 999, "name": "gone.txt", "size_bytes": 1, "image": None}
    changes: dict[str, dict[str, Any]] = {
        "eight days ago": {"later": -8 * A_DAY_MS},
        "by a clock that is ahead": {"later": 2 * A_DAY_MS},
        "with a file": {"files": [gone]},
        "elsewhere": {"channelId": 999},
        "to a post that is gone": {"parentId": 999},
    }
    come_back(ann, changes)
    ann.shows(["just now"])
    pending(ann.page, texts[:3])
    old, no_file = "It has waited for too long", r"Files: You have no such file: 999\."
    why = [re.compile(said) for said in (old, old, no_file)]
    expect(ann.page.locator("#pending .failed")).to_have_text(why)
    ann.page.locator("#pending").get_by_role("button", name="Discard").nth(1).click()
    pending(ann.page, ["eight days ago", "with a file"])
    ann.page.locator("#pending").get_by_role("button", name="Edit").click()
    pending(ann.page, ["eight days ago"])
    area, attached = ann.page.locator("#text"), ann.page.locator("#composer .attachment")
    expect(area).to_be_focused()
    expect(area).to_have_value("with a file")
    expect(attached).to_contain_text("The server does not have it.")
    attached.get_by_role("button", name="Remove").click()
    area.press("Enter")
    ann.shows(["just now", "with a file"])
    ann.page.locator("#pending").get_by_role("button", name="Send").click()
    ann.shows(["just now", "with a file", "eight days ago"])
    pending(ann.page, [])
    ann.page.get_by_role("button", name="2 posts not sent").click()
    unsent = ann.page.locator("#unsent-dialog")
    unsent.get_by_role("button", name="Edit").click()
    expect(ann.page.locator("#unfinished")).to_contain_text("“to a post that is gone”")
    expect(unsent).to_contain_text("no longer open to you")
    expect(unsent.locator(".text")).to_have_text("elsewhere")
    unsent.get_by_role("button", name="Discard").click()
    expect(unsent).to_be_hidden()
    expect(ann.page.locator("#not-sent")).to_be_hidden()
    ann.page.reload()
    ann.shows(["just now", "with a file", "eight days ago"])
    pending(ann.page, [])
    assert ann.page.evaluate(f"localStorage[{of_another}]") == '{"at":1}'


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


def test_a_refusal_says_who_has_refused_what_and_where(ann: Board) -> None:
    status = 502

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=status, content_type="text/html", body="<h1>A proxy</h1>")
        else:
            route.continue_()

    ann.page.route(POSTING, refuse)
    with ann.page.expect_response(lambda response: response.status == 502):
        ann.write("through a proxy")
    expect(ann.page.locator("#pending .delivery")).to_have_text("Sending…")
    status = 413
    said = "such as a proxy, does not let 1 kB through (413)."
    expect(ann.page.locator("#pending .failed")).to_contain_text(said)
    ann.page.unroute(POSTING)
    ann.page.locator("#pending").get_by_role("button", name="Try again").press("Enter")
    expect(ann.page.locator("#scroller")).to_be_focused()
    ann.shows(["through a proxy"])
    ann.act(ann.post("through a proxy"), "Edit")
    editor = ann.page.get_by_label("Text of the post")
    editor.fill("  ")
    editor.press("Enter")
    expect(ann.page.locator("#notices")).to_have_text("text: It is empty.")
    ann.page.locator("#channel-settings").click()
    kind = ann.page.get_by_role("radio", name="Announcements")
    kind.evaluate("choice => { choice.value = 'odd'; choice.checked = true; }")
    ann.page.get_by_role("button", name="Save", exact=True).last.click()
    expect(ann.page.locator("#channel-form .kinds > .wrong")).to_contain_text("'announce'")


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


def test_a_refused_post_is_kept_until_it_is_tried_again_or_discarded(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    lose_posts(bob.context)
    for text in ("first", "second"):
        bob.write(text)
    pending(bob.page, ["first", "second"])
    ann.page.locator("#channel-settings").click()
    form = ann.page.locator("#channel-form")
    form.get_by_role("radio", name="Announcements").check()
    form.get_by_role("button", name="Save").click()
    expect(bob.page.locator("#read-only")).to_be_visible()
    bob.context.unroute(POSTING)
    expect(bob.page.locator("#pending .failed")).to_have_count(2)
    bob.page.reload()
    expect(bob.page.locator("#pending .failed")).to_have_count(2)
    first, second = (
        bob.page.locator("#pending > .post").filter(has_text=t) for t in ("first", "second")
    )
    first.get_by_role("button", name="Discard").click()
    pending(bob.page, ["second"])
    ann.page.locator("#channel-settings").click()
    form.get_by_role("radio", name="Open").check()
    form.get_by_role("button", name="Save").click()
    expect(bob.page.locator("#composer")).to_be_visible()
    second.get_by_role("button", name="Try again").click()
    for board in two:
        board.shows(["second"])
    pending(bob.page, [])
