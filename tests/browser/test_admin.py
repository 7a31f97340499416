"""An administrator at work, with the keys alone and on a phone, while another one looks on."""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.board import Board, OpenBoard
from tests.support.people import PASSWORD
from tests.support.server import Server

PHONE: ViewportSize = {"width": 390, "height": 844}


def press(page: Page, name: str) -> None:
    """The button or link in the open dialog, or on the page, with the keys."""
    place = page.locator("dialog:modal").last if page.locator("dialog:modal").count() else page
    place.get_by_role("button", name=name, exact=True).press("Enter")


def opens_person(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Manage {name}").press("Enter")
    expect(page.locator("#person-title")).to_have_text(name)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def forget_passwords(server: Server) -> None:
    """As if they were given long ago."""
    with closing(sqlite3.connect(server.instance / "app.db")) as database, database:
        database.execute("UPDATE sessions SET confirmed_at = NULL")


def at_the_list(ann: Board) -> Page:
    page = ann.page
    page.set_viewport_size(PHONE)
    ann.go("/")
    page.get_by_role("link", name="Administration").press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="People", exact=True).press("Enter")
    expect(page.get_by_text("2 people")).to_be_visible()
    with in_america(page):
        page.reload()
        expect(page.locator("tbody time").first).to_have_text(f"{datetime.now(UTC):%b %-d, %Y}")
    return page


@contextmanager
def in_america(page: Page) -> Iterator[None]:
    """Where it is still the day before for some hours."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTimezoneOverride", {"timezoneId": "America/Los_Angeles"})
    yield
    session.detach()


def test_people_are_run_with_the_keys_on_a_phone_and_the_audit_tells_it_live(
    open_board: OpenBoard, server: Server
) -> None:
    ann, bob = open_board(), open_board()
    ann.arrive("ann", token=server.first_token())
    bob.arrive("bob", founding=("Chess", "general"))
    audit = ann.context.new_page()
    ann.watch(audit)
    audit.goto(f"{server.url}/admin/audit")
    page = at_the_list(ann)
    opens_person(page, "Bob")
    press(page, "Make a link for a new password")
    expect(page.get_by_role("heading", name="A link for Bob")).to_be_visible()
    expect(page.locator("#reset-link-address")).to_have_text(re.compile(r"/reset#token=\S+$"))
    expect(page.locator("#reset-link-qr")).to_have_js_property("complete", value=True)
    press(page, "Close")
    forget_passwords(server)
    press(page, "Deactivate")
    press(page, "Deactivate")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#set-active")).to_have_text("Let in again")
    page.keyboard.press("Escape")
    row = page.get_by_role("row").filter(has_text="@bob")
    expect(row).to_contain_text("Deactivated")
    expect(page.get_by_role("button", name="Manage Bob")).to_be_focused()
    assert fits(page)
    changed = audit.get_by_role("row").filter(has_text="Account changed")
    expect(changed).to_contain_text("active: yes → no")
    page.get_by_role("link", name="Groups", exact=True).press("Enter")
    page.wait_for_url("**/admin/groups")  # with its modules
    page.get_by_role("button", name="Manage Chess").press("Enter")
    page.get_by_label("Username of the new owner").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.locator("#group-dialog .wrong")).to_have_text("Nobody has this username.")
    page.get_by_label("Username of the new owner").fill("ann")
    page.keyboard.press("Enter")
    expect(page.locator("#owner-form")).to_be_hidden()
    expect(audit.get_by_role("row").filter(has_text="Group given an owner")).to_contain_text("Ann")
    assert fits(page)


def test_people_are_added_and_get_their_slips(open_board: OpenBoard, server: Server) -> None:
    ann, zoe = open_board(), open_board()
    ann.arrive("ann", token=server.first_token())
    ann.go("/admin/people/new")
    people = ann.page.get_by_label("One person in each line")
    people.fill("Zoë Łuk\nBob, ann")
    ann.page.get_by_role("button", name="Add", exact=True).press("Enter")
    expect(ann.page.locator("#add-form .wrong")).to_contain_text("Bob: Somebody has this username")
    people.fill("Zoë Łuk\nBob, bob, bob@example.org")
    ann.page.get_by_role("button", name="Add", exact=True).press("Enter")
    slips = ann.page.locator(".slip")
    expect(slips).to_have_count(2)
    expect(slips.first.locator("img")).to_have_attribute("src", re.compile("^data:image/svg"))
    link = slips.first.locator(".slip-link").inner_text()
    zoe.page.goto(link)
    expect(zoe.page.get_by_label("Username")).to_have_value("zoe-luk")
    ann.page.on("dialog", lambda asking: asking.accept())
    ann.go("/admin/people?state=unclaimed&sort=username")
    names = ann.page.locator("tbody th")
    expect(names).to_contain_text(["@bob · bob@example.org", "@zoe-luk"])


def test_a_backup_is_made_downloaded_with_the_password_and_deleted_with_the_keys_on_a_phone(
    open_board: OpenBoard, server: Server
) -> None:
    ann = open_board()
    ann.arrive("ann", token=server.first_token())
    page = ann.page
    page.set_viewport_size(PHONE)
    ann.go("/admin/backups")
    expect(page.get_by_text("There is no backup yet.")).to_be_visible()
    press(page, "Make a backup")
    page.get_by_label("All but the files").check()
    press(page, "Make it")
    row = page.get_by_role("row").filter(has_text="Asked for")
    expect(row).to_contain_text("All but the files")
    assert fits(page)
    page.get_by_role("button", name="Manage").press("Enter")
    digest = page.locator("#backup-sha256").inner_text()
    forget_passwords(server)
    press(page, "Download")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    with page.expect_download() as fetched:
        page.keyboard.press("Enter")
    content = fetched.value.path().read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    assert fetched.value.suggested_filename in row.inner_text()
    page.get_by_role("button", name="Manage").press("Enter")
    press(page, "Delete")
    press(page, "Delete")
    expect(page.get_by_text("There is no backup yet.")).to_be_visible()
    ann.go("/admin")
    expect(page.get_by_role("link", name="None is known")).to_be_visible()
