"""A day of a class, from the list of its names to the archive, as all of them see it.

It takes as long as ten other tests: each of them has a piece of this way, and here each step begins
with what the one before has left.
"""

import re
from collections.abc import Callable, Iterator
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.axe import PHONE
from tests.browser.board import Board, OpenBoard
from tests.browser.keys import press, tab_to
from tests.support.people import PASSWORD
from tests.support.server import Server

NAMES = ["Zoë Łuk", "Lee Ray", "Kim Sun"]
NEW = "another horse battery"
RECORD: list[str | re.Pattern[str]] = [
    "Ann archived the group.",
    "Ann made an export of the group.",
    "Ann deleted a post by Zoë Łuk in the channel general.",
    "Ann deleted a post after a report about Zoë Łuk.",
    "Ann banned Zoë Łuk.",
    re.compile("^Ann muted Zoë Łuk until "),
    "Lee Ray came back in by a link.",
    "Ann made a link for Lee Ray to get back in.",
    "Lee Ray took the account that was made from a list.",
    "Zoë Łuk took the account that was made from a list.",
    "Ann enrolled 3 people from a list.",
    "Ann made a join code.",
    "Ann created the channel general.",
]


@pytest.fixture
def phones(browser: Browser, server: Server) -> Iterator[Callable[[], Board]]:
    """One to be touched, each time."""
    boards: list[Board] = []

    def phone() -> Board:
        context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
        boards.append(Board(context, server))
        return boards[-1]

    yield phone
    for board in boards:
        board.context.close()
    assert [complaint for board in boards for complaint in board.complaints] == []


def tap(phone: Board, name: str) -> None:
    phone.page.get_by_role("button", name=name, exact=True).last.tap()


def write(phone: Board, text: str) -> None:
    """Where Enter begins a line, as on a phone."""
    phone.page.locator("#text").fill(text)
    tap(phone, "Send")


def fits(phone: Board) -> bool:
    return bool(phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.fixture
def teacher(open_board: OpenBoard, server: Server) -> Board:
    """Ann owns a group, and an administrator lets her enrol its people. She runs nothing else."""
    root, ann = open_board(), open_board()
    first = {"username": "root", "name": "Root", "password": PASSWORD}
    root.ask("/users", {**first, "token": server.first_token()})
    ann.arrive("ann", founding=("Class", "general"))
    me = ann.ask("/me", method="GET")
    root.ask(f"/users/{me['id']}", {"may_enrol": True}, method="PATCH")
    ann.page.reload()
    ann.opens("general")
    return ann


def printed_slips(ann: Board) -> dict[str, str]:
    """She enrols the class by mouse; the links that are on the paper."""
    page = ann.page
    page.locator("#members").click()
    page.get_by_role("link", name="Enrol from a list").click()
    page.get_by_label("Names, or a table").fill("\n".join(NAMES))
    page.get_by_role("button", name="Look it over").click()
    expect(page.get_by_role("textbox", name="Username, row 1")).to_have_value("zoe-luk")
    page.get_by_role("button", name="Enrol 3 people").click()
    expect(page.locator(".slip .qr[src^='data:image/svg+xml']")).to_have_count(3)
    page.emulate_media(media="print")
    for shown, count in ((".slip:visible", 3), (":is(button, .button, .bar, h1):visible", 0)):
        expect(page.locator(shown)).to_have_count(count)
    names = page.locator(".slip h3").all_inner_texts()
    links = page.locator(".slip-link").all_inner_texts()
    page.emulate_media(media="screen")
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    page.get_by_role("link", name="Board").click()
    ann.opens("general")
    return dict(zip(names, links, strict=True))


def choose_password(phone: Board, link: str, password: str) -> None:
    phone.page.goto(link)
    phone.page.get_by_label("New password").fill(password)
    tap(phone, "Set password and sign in")
    phone.opens("general")
    assert fits(phone)


def come_back_in(lee: Board, ann: Board) -> None:
    """Lee has forgotten the password; ann, who has only keys, makes a link."""
    lee.page.locator("#account").tap()
    tap(lee, "Sign out")
    lee.page.get_by_role("link", name="Sign in").first.tap()
    lee.page.get_by_role("link", name="Forgotten your password?").tap()
    expect(
        lee.page.get_by_text("If your teacher or group leader has made your account")
    ).to_be_visible()
    page = ann.page
    press(page, page.locator("#members"))
    press(page, page.get_by_role("button", name="Manage Lee Ray"))
    press(page, page.get_by_role("button", name="Make a link"))
    link = page.locator("#reset-link-address")
    expect(link).to_contain_text("/reset#token=")
    choose_password(lee, link.inner_text(), NEW)
    for dialog in ("#reset-link", "#member-dialog", "#members-dialog"):
        page.keyboard.press("Escape")
        expect(page.locator(dialog)).to_be_hidden()


def report(lee: Board, text: str, reason: str) -> None:
    post = lee.post(text)
    post.get_by_role("button", name="More").tap()
    post.get_by_role("button", name="Report").tap()
    lee.page.get_by_label("What is wrong with it?").fill(reason)
    assert fits(lee)
    lee.page.locator("#report-dialog").get_by_role("button", name="Report").tap()
    expect(lee.page.locator("#notices")).to_contain_text("Reported to Ann.")


def settle(ann: Board, zoe: Board) -> None:
    """By keys alone: ann mutes zoe, then bans her, and deletes what was reported."""
    page = ann.page
    keyboard, dialog = page.keyboard, page.locator("#reports-dialog")

    def verb(name: str) -> Locator:
        return dialog.get_by_role("button", name=name, exact=True)

    press(page, page.get_by_role("button", name="Reports 1 to settle"))
    expect(dialog.locator("blockquote")).to_have_text("You are stupid")
    tab_to(page, dialog.get_by_label("How long Zoë Łuk is muted"))
    keyboard.press("ArrowDown")
    keyboard.press("Shift+Tab")
    expect(verb("Mute")).to_be_focused()
    keyboard.press("Enter")
    expect(zoe.page.locator("#read-only")).to_contain_text("A moderator has muted you until")
    press(page, verb("Ban"))
    keyboard.press("Enter")
    expect(zoe.page.locator("#notices")).to_contain_text("You are no longer in Class.")
    press(page, verb("Delete the post"))
    keyboard.press("Enter")
    expect(page.locator("#no-reports")).to_be_visible()
    keyboard.press("Escape")
    expect(page.get_by_role("button", name="Reports")).to_be_focused()


def stays_out(zoe: Board, code: str) -> None:
    tap(zoe, "Join or create a group")
    zoe.page.get_by_label("Join code").fill(code)
    tap(zoe, "Join")
    expect(zoe.page.locator("#join-group .refused")).to_contain_text("banned")
    assert fits(zoe)


def export_and_archive(ann: Board) -> None:
    """By mouse; what is deleted is not in the file."""
    page = ann.page
    page.locator("#open-group").click()
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Download").click()
    with ZipFile(fetched.value.path()) as opened:
        assert b"Good morning" in opened.read("posts.html")
        assert b"stupid" not in opened.read("posts.html") + opened.read("posts.jsonl")
        assert "Lee Ray" in opened.read("members.csv").decode()
    page.get_by_role("button", name="Archive").click()
    page.locator("#confirm-yes").click()
    expect(page.locator("#archived [aria-current]")).to_have_text("Class")


def test_a_school_day(teacher: Board, phones: Callable[[], Board]) -> None:
    ann = teacher
    code = ann.join_code()
    links = printed_slips(ann)
    zoe, lee = phones(), phones()
    choose_password(zoe, links["Zoë Łuk"], PASSWORD)
    choose_password(lee, links["Lee Ray"], PASSWORD)
    write(lee, "Good morning")
    expect(ann.post("Good morning")).to_be_visible()
    come_back_in(lee, ann)
    write(zoe, "You are stupid")
    report(lee, "You are stupid", "It is rude")
    settle(ann, zoe)
    expect(lee.post("You are stupid")).to_have_count(0)
    stays_out(zoe, code)
    export_and_archive(ann)
    expect(lee.page.locator("#read-only")).to_contain_text("This group is archived")
    ann.page.get_by_role("button", name="What has been done here").click()
    expect(ann.page.locator("#record span")).to_have_text(RECORD)
