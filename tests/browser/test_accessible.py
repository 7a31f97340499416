"""Every page and every dialog as axe judges it, in light, and in dark on a phone.

Each test takes some seconds: it is one person's way past dozens of them.
"""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.browser.attaching import a_file, are_there, attach
from tests.browser.axe import needs_axe, violations
from tests.browser.board import Board, OpenBoard
from tests.browser.test_admin import forget_passwords
from tests.support.pictures import png
from tests.support.server import Server

pytestmark = needs_axe

FOR_ANYBODY = [
    "/", "/register", "/register#join=ABCDE12345", "/sign-in", "/reset", "/reset#token=used",
    "/confirm-email#token=used", "/docs", "/no-such-page",
]  # fmt: skip
ON_THE_BOARD = {
    "#new-group": "#group-dialog",
    "#new-channel": "#channel-dialog",
    "#channel-settings": "#channel-dialog",
    "#open-mentions": "#mentions-dialog",
    "#open-reports": "#reports-dialog",
    "#open-group": "#about-group",
    "#open-scores": "#scores-dialog",
    "#account": "#account-dialog",
}
OF_THE_GROUP = {
    "#open-record": "#record-dialog",
    "#archive-group": "#confirm",
    "#delete-group": "#delete-group-dialog",
}
SWAGGER = "**/swagger-ui-bundle.js*"  # not ours, and it takes longer than all that is
TABLE = "name;email\nZoe Ray;zoe at school\n=1+1;\nLee Ray;"


def judge(board: Board, what: str = "") -> None:
    assert violations(board.page) == [], what or board.page.url


def opens(board: Board, opener: str, dialog: str) -> None:
    board.page.locator(opener).click()
    expect(board.page.locator(dialog)).to_be_visible()
    judge(board, opener)


def presses(board: Board, name: str | re.Pattern[str], shows: str) -> None:
    board.page.get_by_role("button", name=name).last.click()
    expect(board.page.locator(shows)).to_be_visible()
    judge(board, shows)


def close(board: Board, dialog: str) -> None:
    board.page.keyboard.press("Escape")
    expect(board.page.locator(dialog)).to_be_hidden()


def id_of(board: Board) -> int:
    return int(board.ask("/me", method="GET")["id"])


def of_group(ann: Board, path: str) -> str:
    return f"/groups/{ann.group_id}{path}"


def mute(ann: Board, bob: Board) -> None:
    until = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    ann.ask(of_group(ann, f"/members/{id_of(bob)}/mute"), {"until": until}, method="PUT")


def fill(ann: Board, bob: Board) -> None:
    """Whatever a channel can show."""
    first = ann.ask(ann.posts_path, {"text": "**Bold**, `code`, a [link](https://example.org)"})
    rude = bob.ask(bob.posts_path, {"text": "You are *stupid*, @ann"})
    ann.ask(ann.posts_path, {"text": "> Quoted\n\n1. One\n2. Two\n\n```\nprint(1)\n```"})
    ann.ask(ann.posts_path, {"text": "A reply", "parent_id": first["id"]})
    bob.ask(f"/posts/{first['id']}/reactions/%F0%9F%91%8D", method="PUT")
    ann.ask(f"/posts/{first['id']}/pin", method="PUT")
    ann.ask(f"/posts/{rude['id']}/reports", {"reason": "It is rude"})
    scores = ann.posts_path.replace("/posts", "/scores")
    bob.ask(scores, {"game": "snake", "points": 512})
    attach(ann, a_file("leaf.png", png((400, 200))), a_file("notes.txt"))
    are_there(ann, ["leaf.png", "notes.txt"])
    ann.write("What it looks like")
    expect(ann.post("What it looks like").locator(".files img")).to_be_visible()


def test_pages_for_anybody(open_board: OpenBoard) -> None:
    somebody = open_board()
    somebody.context.route(SWAGGER, lambda asked: asked.fulfill(body="SwaggerUIBundle = () => {}"))
    for path in FOR_ANYBODY:
        somebody.page.goto("about:blank")  # a page of which only the fragment changes stays
        somebody.go(path)
        somebody.page.wait_for_load_state("networkidle")
        judge(somebody)


def test_the_board_of_who_runs_a_group(two: tuple[Board, Board], open_board: OpenBoard) -> None:
    ann, bob = two
    page = ann.page
    for name in ("tom", "eve"):
        open_board().arrive(name, join_code=ann.join_code())
    fill(ann, bob)
    mute(ann, bob)
    banned = ann.ask(of_group(ann, "/members"), method="GET")["members"][-1]["id"]
    ann.ask(of_group(ann, f"/bans/{banned}"), method="PUT")
    judge(ann, "board")
    for opener, dialog in ON_THE_BOARD.items():
        opens(ann, opener, dialog)
        close(ann, dialog)
    page.locator("#open-group").click()
    for opener, dialog in OF_THE_GROUP.items():
        opens(ann, opener, dialog)
        close(ann, dialog)
    close(ann, "#about-group")
    page.locator("#open-reports").click()
    page.get_by_label("Show those that are settled").check()
    judge(ann, "settled reports")
    close(ann, "#reports-dialog")
    page.locator("#open-search").click()
    page.locator("#search-field").fill("stupid")
    expect(page.locator("#search-results li")).to_have_count(1)
    judge(ann, "search")
    close(ann, "#search")
    page.get_by_role("button", name="leaf.png").first.click()
    judge(ann, "viewer")
    close(ann, "#viewer")
    page.get_by_text("1 reply").click()
    expect(ann.reply_in_thread("A reply")).to_be_visible()
    judge(ann, "thread")


def judge_members(ann: Board) -> None:
    """Somebody waits to be let in, and somebody is banned."""
    ann.page.locator("#members").click()
    expect(ann.page.locator("#waiting li")).to_have_count(1)
    ann.page.locator("#banned-label").click()
    presses(ann, "Change or withdraw", "#code-form")
    presses(ann, "Manage Bob", "#member-dialog")
    ann.page.get_by_role("checkbox", name="Ban the account").check()
    judge(ann, "ban")
    presses(ann, "Make a link", "#reset-link")
    close(ann, "#reset-link")
    close(ann, "#member-dialog")
    close(ann, "#members-dialog")


def test_the_board_of_a_member_whom_others_mute_warn_and_remove(
    two: tuple[Board, Board], open_board: OpenBoard
) -> None:
    ann, bob = two
    tom = open_board()
    tom.arrive("tom")
    judge(tom, "no group")
    fill(ann, bob)
    judge(bob, "member")
    for opener, dialog in (("#members", "#members-dialog"), ("#open-group", "#about-group")):
        opens(bob, opener, dialog)
        close(bob, dialog)
    bob.act(bob.post("What it looks like"), "Report")
    judge(bob, "report")
    close(bob, "#report-dialog")
    mute(ann, bob)
    expect(bob.page.locator("#read-only")).to_be_visible()
    judge(bob, "muted")
    for archived in (True, False):
        ann.ask(f"/groups/{ann.group_id}", {"archived": archived}, method="PATCH")
        expect(bob.page.locator("#archived-groups")).to_be_visible(visible=archived)
        judge(bob, f"archived: {archived}")
    (report,) = ann.ask(of_group(ann, "/reports"), method="GET")["reports"]
    ann.ask(f"/reports/{report['id']}", {"outcome": "warned"}, method="PATCH")
    expect(bob.page.locator("#warned-dialog")).to_be_visible()
    judge(bob, "warned")
    code = {"join_code": ann.join_code()}
    ann.ask(of_group(ann, "/join-code"), {"admission": "approval"}, method="PATCH")
    tom.ask("/memberships", code)
    expect(tom.page.locator("#applications li")).to_have_count(1)
    judge(tom, "waiting")
    eve = open_board()
    eve.arrive("eve")
    eve.ask("/memberships", code)
    ann.ask(of_group(ann, f"/bans/{id_of(eve)}"), method="PUT")
    judge_members(ann)
    ann.ask(f"/users/{id_of(bob)}/sessions", method="DELETE")
    expect(bob.page.locator("#signed-out")).to_be_visible()
    judge(bob, "signed out")


def test_pages_of_who_runs_a_group_and_of_administrators(
    ann: Board, open_board: OpenBoard, server: Server
) -> None:
    page = ann.page
    ann.join_code()
    ann.ask(f"/users/{id_of(ann)}", {"may_enrol": True}, method="PATCH")
    for path in ("/", "/register", of_group(ann, "/invite"), of_group(ann, "/roster")):
        ann.go(path)
        judge(ann)
    page.get_by_label("Names, or a table").fill(TABLE)
    presses(ann, "Look it over", "#step-look")
    page.get_by_role("textbox", name="E-mail, row 1").fill("zoe@example.org")
    page.get_by_role("textbox", name="Name, row 2", exact=True).fill("Ann Other")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("can be enrolled")
    presses(ann, re.compile("Enrol"), ".slip .qr >> nth=0")
    link = page.locator(".slip-link").first.inner_text()
    somebody = open_board()
    somebody.page.goto(link)
    expect(somebody.page.locator("#claim-note")).to_be_visible()
    judge(somebody, "claim")
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    ann.go("/account")
    expect(page.locator("#no-tokens")).to_be_visible()
    judge(ann)
    for path in ("/admin", "/admin/people/new", "/admin/audit", "/admin/groups"):
        ann.go(path)
        judge(ann)
    presses(ann, "Manage Class", "#group-dialog")
    ann.go("/admin/backups")
    presses(ann, "Make a backup", "#new-backup-dialog")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("tbody td", has_text="Everything")).to_be_visible()
    judge(ann)
    presses(ann, re.compile("Manage 2"), "#backup-dialog")
    ann.go("/admin/people")
    judge(ann)
    presses(ann, re.compile("Manage Zoe"), "#person-dialog")
    presses(ann, "Make a link for a new password", "#reset-link")
    close(ann, "#reset-link")
    forget_passwords(server)
    presses(ann, "Deactivate", "#confirm")
    page.locator("#confirm-yes").click()
    expect(page.locator("#confirmation")).to_be_visible()
    judge(ann, "password")
