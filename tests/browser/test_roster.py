"""A teacher enrols her class from a table with mistakes, and hands out slips."""

from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.board import Board, OpenBoard
from tests.support.people import PASSWORD

TABLE = (
    "Nachname;Vorname;Benutzername;E-Mail;Klasse\r\n"
    "Müller;Zoë;;;7b\r\nRay;Lee;lee7b;lee at school;7b\r\n=1+1;;;;7b\r\n"
)
ENCODINGS = ["windows-1252", "utf-8-sig", "utf-16"]  # as Excel writes it, older and newer


def field(ann: Board, name: str) -> Locator:
    return ann.page.get_by_role("textbox", name=name, exact=True)


def look_over(ann: Board, folder: Path, encoding: str) -> None:
    """The table as a file that was saved in some encoding."""
    file = folder / f"{encoding}.csv"
    file.write_bytes(TABLE.encode(encoding))
    ann.page.get_by_label("Or a file").set_input_files(file)
    expect(field(ann, "Name, row 1")).to_have_value("Zoë Müller")
    expect(field(ann, "Username, row 1")).to_have_value("zoe-mueller")


LEAVES = "() => dispatchEvent(new Event('beforeunload', { cancelable: true }))"


def test_a_class_is_enrolled_once_its_mistakes_are_mended(
    two: tuple[Board, Board], open_board: OpenBoard, tmp_path: Path
) -> None:
    ann, bob = two
    page, said = ann.page, ann.page.locator("#said")
    me = ann.ask("/me", method="GET")
    ann.ask(f"/users/{me['id']}", {"may_enrol": True}, method="PATCH")
    ann.go(f"/groups/{ann.group_id}/roster")
    for encoding in ENCODINGS:
        look_over(ann, tmp_path, encoding)
        expect(said).to_have_text("3 people; 2 rows have mistakes.")
        page.get_by_role("button", name="Back to the list").click()
    page.get_by_role("button", name="Look it over").press("Enter")
    expect(page.get_by_text("Not used: Klasse.")).to_be_visible()
    email, name = field(ann, "E-mail, row 2"), field(ann, "Name, row 3")
    page.get_by_role("button", name="Enrol 3 people").press("Enter")
    expect(email).to_be_focused()
    email.fill("lee@school.example")
    email.press("Enter")
    expect(said).to_have_text("3 people; 1 row has a mistake.")
    name.fill("Lee Ray")
    name.press("Enter")
    expect(said).to_contain_text("all of whom can be enrolled")
    expect(field(ann, "Username, row 3")).to_have_value("lee-ray")
    expect(field(ann, "Username, row 2")).to_have_value("lee7b")
    page.get_by_role("button", name="Enrol 3 people").press("Enter")
    slips = page.locator(".slip")
    expect(slips.get_by_role("heading")).to_have_text(["Zoë Müller", "Lee Ray", "Lee Ray"])
    expect(page.locator(".slip .qr[src^='data:image/svg+xml']")).to_have_count(3)
    expect(bob.page.locator("#members-label")).to_have_text("5 members")
    first = slips.first.locator(".slip-link").inner_text()
    page.get_by_role("button", name="New slip for Zoë Müller").click()
    expect(slips).to_have_count(3)
    expect(slips.first.locator(".slip-link")).not_to_have_text(first)
    assert not page.evaluate(LEAVES), "the page asks whether to lose the links"
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(LEAVES)
    zoe, link = open_board(), slips.first.locator(".slip-link").inner_text()
    zoe.page.goto(link)
    zoe.page.get_by_label("New password").fill(PASSWORD)
    zoe.page.get_by_role("button", name="Set password and sign in").click()
    zoe.is_live()
    expect(zoe.page.locator("#channel-name")).to_have_text("general")
    page.reload()
    expect(page.locator("#unclaimed .person")).to_have_count(2)
