"""The page of one's own account, on a phone and with the keys alone."""

import re
import sqlite3
from contextlib import closing

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.board import Board, OpenBoard
from tests.browser.keys import tab_to
from tests.support.people import PASSWORD
from tests.support.server import Server

PHONE: ViewportSize = {"width": 390, "height": 844}
LOOK_AT_BODY = """new MutationObserver((_, watching) => {
  if (!document.body) return;
  const { colorScheme, fontSize } = document.documentElement.style;
  window.lookAtBody = [colorScheme, fontSize];
  watching.disconnect();
}).observe(document, { childList: true, subtree: true });"""


def write(page: Page, label: str, text: str) -> None:
    """Type it instead of what is in a field, and send the form."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def give_password(page: Page) -> None:
    expect(page.get_by_role("dialog").get_by_label("Password", exact=True)).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def change_oneself(ann: Board) -> None:
    """Another username, and an address, which wants the password again."""
    page = ann.page
    write(page, "Username", "bob")
    expect(page.get_by_role("alert")).to_contain_text("Somebody has this username")
    write(page, "Username", "annabel")
    expect(page.locator("#notices")).to_contain_text("Your account has been changed.")
    with closing(sqlite3.connect(ann.server.instance / "app.db")) as database, database:
        database.execute("UPDATE sessions SET confirmed_at = NULL")
    write(page, "E-mail optional", "ann@example.org")
    give_password(page)
    expect(page.locator("#email-state")).to_contain_text("sends no mails")
    shown = ann.ask("/me", method="GET")
    assert (shown["username"], shown["email"]) == ("annabel", "ann@example.org")


def choose_look(ann: Board) -> None:
    """Every page has it from the beginning."""
    page = ann.page
    for name, key in (("As the device", "ArrowUp"), ("Normal", "ArrowDown")):
        tab_to(page, page.get_by_role("radio", name=name))
        page.keyboard.press(key)
    expect(page.locator("html")).to_have_css("color-scheme", "dark")
    expect(page.locator("html")).to_have_css("font-size", "18px")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    other = ann.context.new_page()
    ann.watch(other)
    other.add_init_script(LOOK_AT_BODY)
    for path in ("/", "/board", "/no-such-page", "/docs"):
        other.goto(ann.server.url + path)
        assert other.evaluate("window.lookAtBody") == ["dark", "112.5%"], path
    expect(other.locator("html")).to_have_class("dark-mode")
    other.close()


def use_a_token(ann: Board) -> None:
    page, made = ann.page, ann.page.locator("#made-token")
    tab_to(page, page.locator("#token-name"))
    page.keyboard.type("Quiz bot")
    page.keyboard.press("Enter")
    expect(made).to_be_focused()
    bearer = {"Authorization": f"Bearer {page.locator('#token').inner_text()}"}
    expect(page.locator("#token-tried")).to_contain_text(f'"{": ".join(*bearer.items())}"')
    read = ann.context.request.get(f"{ann.server.url}/api/me", headers=bearer)
    assert read.json()["username"] == "annabel"
    revoke = page.get_by_role("button", name="Revoke Quiz bot")
    expect(revoke).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(revoke).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#confirm-title")).to_have_text("Revoke “Quiz bot”?")
    page.keyboard.press("Enter")
    expect(page.locator("#no-tokens")).to_be_visible()
    expect(page.get_by_role("heading", name="Programs")).to_be_focused()
    assert ann.context.request.get(f"{ann.server.url}/api/me", headers=bearer).status == 401


def test_everything_of_ones_own_is_done_on_a_phone_with_the_keys_alone(
    open_board: OpenBoard, server: Server
) -> None:
    """It takes some seconds: it is one way through the whole page."""
    ann, bob = open_board(), open_board()
    ann.arrive("ann", token=server.first_token())
    bob.arrive("bob")
    ann.page.set_viewport_size(PHONE)
    ann.page.locator("#account").press("Enter")
    tab_to(ann.page, ann.page.get_by_role("link", name="Account and settings"))
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#no-tokens")).to_be_visible()
    change_oneself(ann)
    choose_look(ann)
    use_a_token(ann)
    tab_to(ann.page, ann.page.get_by_role("button", name="Export"))
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#own-export")).to_contain_text("Here until")
    bob.go("/account")
    expect(bob.page.locator("#no-tokens")).to_be_visible()
    tab_to(bob.page, bob.page.get_by_role("button", name="Delete account"))
    bob.page.keyboard.press("Enter")
    expect(bob.page.locator("#confirm-text")).to_contain_text("Nobody can bring it back")
    bob.page.keyboard.press("Enter")
    give_password(bob.page)
    bob.page.wait_for_url(re.compile("/$"))
    bob.go("/account")
    expect(bob.page).to_have_url(re.compile("/sign-in$"))
