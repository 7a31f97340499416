"""Coming back in: by a link that somebody has made, and by mail."""

import re

from playwright.sync_api import expect

from tests.browser.board import Board, OpenBoard
from tests.support.mail import mail_server_apart
from tests.support.server import Server

NEW = "another horse battery"
LINK = re.compile(r"[^\s\"]+/(reset|confirm-email)#token=[\w-]+")


def link_in(text: str, server: Server) -> str:
    found = LINK.search(text)
    assert found, text
    return found[0].removeprefix(server.url)


def test_a_link_sets_a_password_signs_in_here_and_out_everywhere_else(
    two: tuple[Board, Board], open_board: OpenBoard
) -> None:
    ann, bob = two
    ann.page.locator("#members").click()
    ann.page.get_by_role("button", name="Manage Bob").click()
    ann.page.get_by_role("button", name="Make a link").click()
    expect(bob.page.locator("#notices")).to_contain_text("a link that sets a new password")
    dialog = ann.page.locator("#reset-link")
    expect(dialog.get_by_role("heading")).to_have_text("A link for Bob")
    expect(dialog.get_by_role("img")).to_have_js_property("complete", value=True)
    expect(dialog.locator(".note")).to_contain_text("Others cannot open this link")
    path = link_in(dialog.locator("#reset-link-address").inner_text(), ann.server)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog.locator("#reset-link-address")).to_be_empty()
    again = open_board()
    again.go("/sign-in")
    again.page.get_by_role("link", name="Forgotten your password?").click()
    expect(again.page.get_by_text("Ask an administrator of this server")).to_be_visible()
    expect(again.page.get_by_role("textbox")).to_have_count(0)
    again.go(path)  # in the same tab
    expect(again.page.get_by_label("Username")).to_have_value("bob")
    expect(again.page.get_by_text("Choose a new password for Bob.")).to_be_visible()
    password = again.page.get_by_label("New password", exact=True)
    expect(password).to_be_focused()
    again.page.keyboard.type("short")
    again.page.keyboard.press("Enter")
    expect(password).to_have_accessible_description(re.compile("at least 8 characters"))
    password.fill(NEW)
    again.page.keyboard.press("Enter")
    again.page.wait_for_url(re.compile("/board"))
    again.opens("general")
    expect(bob.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    again.page.go_back()
    expect(again.page.get_by_role("heading", name="Forgotten your password?")).to_be_visible()
    assert path not in again.page.url
    again.go(path)
    expect(again.page.get_by_text("This link does nothing any more")).to_be_visible()


def test_an_address_is_confirmed_and_brings_back_in_who_has_forgotten_the_password(
    open_board: OpenBoard, server: Server
) -> None:
    """The server is started again, with a mail server: it takes a second more."""
    with mail_server_apart() as (port, next_mail):
        server.settings |= {
            "HOMEROOM_PUBLIC_URL": server.url,
            "HOMEROOM_MAIL_URL": f"smtp://localhost:{port}",
            "HOMEROOM_MAIL_FROM": "homeroom@example.org",
        }
        server.close()
        server.start()
        ann, elsewhere = open_board(), open_board()
        ann.arrive("ann", token=server.first_token(), email="ann@example.org")
        ann.ask("/me/email-confirmation")
        elsewhere.go(link_in(next_mail().part("plain"), server))
        elsewhere.page.get_by_role("button", name="Yes, it is mine").click()
        expect(elsewhere.page.get_by_role("status")).to_have_text("Your address is confirmed.")
        elsewhere.page.reload()
        elsewhere.page.get_by_role("button", name="Yes, it is mine").click()
        expect(elsewhere.page.get_by_role("alert")).to_contain_text("does nothing any more")
        elsewhere.go("/reset")
        elsewhere.page.get_by_label("E-mail").fill("Ann@example.org")
        elsewhere.page.get_by_role("button", name="Send me a link").click()
        expect(elsewhere.page.get_by_role("status")).to_contain_text("a mail is on its way")
        elsewhere.go(link_in(next_mail().part("html"), server))
        elsewhere.page.get_by_label("New password", exact=True).fill(NEW)
        elsewhere.page.get_by_role("button", name="Set password and sign in").click()
        elsewhere.page.wait_for_url(re.compile("/board"))
        elsewhere.is_live()
        expect(ann.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert "ann@example.org" not in server.log
    assert "token=" not in server.log.replace("/register#first=", "")
