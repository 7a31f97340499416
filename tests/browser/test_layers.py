"""Back closes what lies over the page, and what was closed otherwise is not in its way."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.board import OpenBoard
from tests.support.server import Server


def test_back_closes_what_lies_over_the_page_and_only_then_goes_to_the_channel_before(
    open_board: OpenBoard, server: Server
) -> None:
    ann = open_board()
    ann.arrive("ann", token=server.first_token(), founding=("Class", "general", "news"))
    page = ann.page
    page.set_viewport_size({"width": 390, "height": 800})
    page.locator("#menu").click()
    ann.to_channel("news")
    ann.write("Hello")
    ways: list[Callable[[], object]] = [page.go_back, lambda: page.keyboard.press("Escape")]
    layers: dict[str, Callable[[], object]] = {
        "#scrim": page.locator("#menu").click,
        "#account-dialog": page.locator("#account").click,
        "#thread": lambda: ann.act(ann.post("Hello"), "Reply"),
    }
    for layer, opens in layers.items():
        for closes in ways:
            opens()
            expect(page.locator(layer)).to_be_visible()
            closes()
            expect(page.locator(layer)).to_be_hidden()
            ann.is_back()
    ann.act(ann.post("Hello"), "Reply")
    ann.act(page.locator("#thread-parent .post"), "Delete")
    page.reload()
    ann.opens("news")
    expect(page.locator("#thread")).to_be_hidden()
    page.go_back()
    ann.opens("general")
    page.go_forward()
    ann.opens("news")
    address, gone = page.url, ann.posts_path.removesuffix("/posts")
    ann.write("Goodbye")
    ann.act(ann.post("Goodbye"), "Reply")
    ann.ask(gone, method="DELETE")
    ann.opens("general")
    expect(page).not_to_have_url(address)
