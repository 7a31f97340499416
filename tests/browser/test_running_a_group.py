"""Those who run a group: whom they let in, mute and ban, and what everybody sees of it."""

from playwright.sync_api import expect

from tests.browser.board import Board, OpenBoard


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
