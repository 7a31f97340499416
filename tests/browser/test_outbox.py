"""Posts on their way: of one user in any number of tabs, each there once."""

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.board import Board, OpenBoard
from tests.support.server import Server

POSTING = "**/api/channels/*/posts"


def lose_posts(context: BrowserContext) -> None:
    context.route(
        POSTING,
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )


def pending(page: Page, texts: list[str]) -> None:
    expect(page.locator("#pending .text")).to_have_text(texts)


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
