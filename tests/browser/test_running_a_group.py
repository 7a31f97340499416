"""Those who run a group: whom they let in, mute and ban, and what everybody sees of it."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, expect

from tests.browser.board import A_MINUTE, Board, OpenBoard


def member(board: Board, name: str) -> Locator:
    return board.page.locator("#people li").filter(has_text=name)


def test_with_approval_a_moderator_lets_in_and_mutes_who_is_told_both_at_once(
    ann: Board, open_board: OpenBoard
) -> None:
    bob, page = open_board(), ann.page
    page.locator("#members").press("Enter")
    page.get_by_role("button", name="Invite with a join code").press("Enter")
    page.get_by_role("button", name="Change or withdraw").press("Enter")
    page.get_by_role("radio", name="Whom you let in").press("Space")
    page.locator("#code-form").get_by_role("button", name="Save").press("Enter")
    expect(page.locator("#code-hint")).to_contain_text("You let in each who enters it")
    page.keyboard.press("Escape")

    bob.register("bob", f"#join={page.locator('#code').inner_text()}")
    expect(bob.page.locator("#nothing")).to_contain_text("Waiting to be let in")
    expect(bob.page.locator("#applications")).to_contain_text("Class")
    expect(page.locator("#members-waiting")).to_have_text("1 waiting to be let in")
    page.locator("#members").click()
    expect(page.locator("#code-hint")).to_contain_text("Used once")
    page.get_by_role("button", name="Let in Bob").click()
    bob.opens("general")
    expect(page.locator("#members-waiting")).to_be_hidden()
    page.get_by_role("button", name="Change or withdraw").click()
    page.get_by_role("button", name="New code").click()
    page.locator("#confirm-yes").click()
    expect(page.locator("#code-hint")).to_contain_text("Not used yet")
    expect(page.locator("#code-hint")).to_contain_text("You let in each who enters it")
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.locator("#confirm-yes").click()
    expect(page.get_by_role("button", name="Invite with a join code")).to_be_focused()
    expect(member(ann, "Bob")).to_contain_text("@bob")

    page.get_by_role("button", name="Manage Bob").click()
    page.locator("#mute-form").get_by_role("button", name="Mute").click()
    expect(bob.page.locator("#read-only")).to_contain_text("A moderator has muted you until")
    expect(bob.page.locator("#composer")).to_be_hidden()
    expect(member(ann, "Bob")).to_contain_text("muted")
    page.get_by_role("button", name="Unmute").click()
    expect(bob.page.locator("#composer")).to_be_visible()


def test_who_is_banned_stays_out_until_a_moderator_lifts_it_and_all_of_it_is_on_record(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    page = ann.page
    page.locator("#members").click()
    expect(page.locator("#code")).to_have_text(re.compile(r"^\w{10}$"))
    code = page.locator("#code").inner_text()
    page.get_by_role("button", name="Manage Bob").click()
    removing = page.locator("#remove-form")
    removing.get_by_role("checkbox", name="Ban the account").check()
    removing.get_by_role("checkbox", name="Make a new code, too").check()
    removing.get_by_role("button", name="Remove and ban").click()
    expect(bob.page.locator("#nothing")).to_contain_text("Welcome")
    expect(page.locator("#code")).not_to_have_text(code)
    page.locator("#banned-label").click()
    bob.page.locator("#new-group").click()
    bob.page.get_by_label("Join code").fill(page.locator("#code").inner_text())
    bob.page.get_by_role("button", name="Join", exact=True).click()
    expect(bob.page.locator("#join-group .refused")).to_contain_text("banned")
    page.get_by_role("button", name="Unban Bob").click()
    page.locator("#confirm-yes").click()
    expect(page.locator("#banned-part")).to_be_hidden()
    expect(page.locator("#members-title")).to_be_focused()
    bob.page.get_by_role("button", name="Join", exact=True).click()
    bob.opens("general")

    page.keyboard.press("Escape")
    page.locator("#open-group").click()
    page.get_by_role("button", name="What has been done here").click()
    recorded = [
        "Ann lifted the ban of Bob.",
        "Ann made a join code.",
        "Ann banned Bob.",
        "Ann made a join code.",
        "Ann created the channel general.",
    ]
    expect(page.locator("#record span")).to_have_text(recorded)
    muted = {"until": f"{datetime.now(UTC) + A_MINUTE:%Y-%m-%dT%H:%M:%SZ}"}
    bob_id = bob.ask("/me", method="GET")["id"]
    ann.ask(f"/groups/{ann.group_id}/members/{bob_id}/mute", muted, method="PUT")
    expect(page.locator("#record span").first).to_contain_text("Ann muted Bob until")


def test_the_end_of_a_mute_is_looked_for_when_it_comes(two: tuple[Board, Board]) -> None:
    ann, bob = two
    bob.get_a_clock()
    muted = {"until": f"{datetime.now(UTC) + timedelta(seconds=20):%Y-%m-%dT%H:%M:%SZ}"}
    bob_id = bob.ask("/me", method="GET")["id"]
    ann.ask(f"/groups/{ann.group_id}/members/{bob_id}/mute", muted, method="PUT")
    expect(bob.page.locator("#composer")).to_be_hidden()
    with bob.page.expect_request("**/api/groups?*"):
        bob.page.clock.fast_forward(20_000)


def test_an_archived_group_is_folded_away_and_read_only_until_it_is_taken_out_again(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    ann.page.set_viewport_size({"width": 390, "height": 780})
    bob.write("Hello")
    ann.page.locator("#menu").click()
    ann.page.get_by_role("button", name="Group settings").click()
    ann.page.locator("#group-form-name").fill("Class of 2026")
    ann.page.locator("#group-form").get_by_role("button", name="Save").click()
    expect(bob.page.locator("#groups [aria-current]")).to_have_text("Class of 2026")
    ann.page.get_by_role("button", name="Group settings").click()
    ann.page.get_by_role("button", name="Archive").click()
    ann.page.locator("#confirm-yes").click()
    expect(bob.page.locator("#read-only")).to_contain_text("This group is archived")
    expect(bob.page.locator("#composer")).to_be_hidden()
    expect(bob.page.locator("#archived-label")).to_have_text("Archived (1)")
    expect(bob.page.locator("#archived [aria-current]")).to_have_text("Class of 2026")
    expect(bob.post("Hello").get_by_role("button", name="React")).to_have_count(0)
    ann.page.get_by_role("button", name="Take out of the archive").click()
    expect(bob.page.locator("#composer")).to_be_visible()
    expect(bob.page.locator("#archived-groups")).to_be_hidden()

    ann.page.get_by_role("button", name="Delete group").click()
    typed = ann.page.get_by_label("Type the name of the group")
    typed.fill("Class")
    typed.press("Enter")
    expect(typed).to_have_accessible_description(re.compile("Class of 2026"))
    typed.fill("Class of 2026")
    typed.press("Enter")
    expect(bob.page.locator("#nothing")).to_contain_text("Welcome")
    expect(ann.page.locator("#about-group")).to_be_hidden()


def test_a_projected_code_is_always_the_one_that_works(ann: Board, open_board: OpenBoard) -> None:
    first = ann.join_code()
    ann.go(f"/groups/{ann.group_id}/invite")
    code = ann.page.locator(".join-code")
    expect(code).to_have_text(f"{first[:5]} {first[5:]}")
    expect(ann.page.get_by_role("img", name="QR code of the link")).to_be_visible()
    second = ann.join_code()
    expect(code).to_have_text(f"{second[:5]} {second[5:]}")
    bob = open_board()
    bob.arrive("bob", join_code=f"{second[:5]} {second[5:]}")
    bob.opens("general")
    bob.go(f"/groups/{ann.group_id}/invite")
    expect(bob.page.get_by_text("Only moderators and owners")).to_be_visible()
    ann.ask(f"/groups/{ann.group_id}", {"archived": True}, method="PATCH")
    expect(ann.page.get_by_text("Nobody can join while this group is archived")).to_be_visible()
