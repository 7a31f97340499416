"""The dialog that asks for the password again, and then does what was asked."""

import sqlite3
from contextlib import closing

from playwright.sync_api import Response, expect

from tests.browser.board import OpenBoard
from tests.support.people import PASSWORD
from tests.support.server import Server

ACT = """async (path) => {
  const loaded = [...document.querySelectorAll("link[rel=modulepreload]")];
  const moduleOf = (name) => import(loaded.find(({ href }) => href.endsWith(name)).href);
  const { ask } = await moduleOf("/api.js");
  const { attempt } = await moduleOf("/page/dialogs.js");
  const act = () => ask("PATCH", path, { role: "admin" });
  return Promise.all([attempt(act), attempt(act)]);
}"""


def test_what_wants_the_password_again_is_done_once_it_was_given(
    open_board: OpenBoard, server: Server
) -> None:
    ann, bob = open_board(), open_board()
    ann.arrive("ann", token=server.first_token())
    bob.arrive("bob")
    with closing(sqlite3.connect(server.instance / "app.db")) as database, database:
        database.execute("UPDATE sessions SET confirmed_at = NULL")
    page, dialog = ann.page, ann.page.locator("#confirmation")
    path = f"/users/{bob.ask('/me', method='GET')['id']}"

    def act() -> None:
        refused: list[Response] = []

        def are_both_refused(response: Response) -> bool:
            refused.extend([response] if response.url.endswith(path) else [])
            return len(refused) == 2

        with page.expect_response(are_both_refused):
            page.evaluate(f"() => {{ window.acted = ({ACT})('{path}') }}")
        page.evaluate("fetch('/health')")  # by then the page has read both
        expect(dialog.get_by_label("Password", exact=True)).to_be_focused()

    act()
    page.keyboard.press("Escape")
    assert page.evaluate("window.acted") == [False, False]
    expect(page.locator("#notices")).to_contain_text("Enter your password again")
    act()
    page.keyboard.type("guessed wrong")
    page.keyboard.press("Enter")
    expect(dialog.locator(".wrong")).to_contain_text("This is not your password.")
    page.keyboard.press("Control+a")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert page.evaluate("window.acted") == [True, True]
    expect(dialog.get_by_label("Password", exact=True)).to_have_value("")
    assert ann.ask(path, method="GET")["role"] == "admin"
