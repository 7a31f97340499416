"""Pins and reports, before those who moderate and those who do not."""

from playwright.sync_api import Locator, expect

from tests.browser.board import Board


def pins(board: Board) -> Locator:
    return board.page.locator("#pins li")


def test_pinned_posts_are_live_above_the_channel_and_lead_to_their_place(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    for number in range(30):
        ann.ask(ann.posts_path, {"text": f"Monday is a holiday {number}"})
    expect(bob.post("holiday 29")).to_be_visible()
    first = ann.post("holiday 1").first
    first.scroll_into_view_if_needed()
    ann.act(first, "Pin")
    expect(pins(bob)).to_have_text(["AAnn“Monday is a holiday 1”"])
    expect(bob.page.locator("#pins summary")).to_have_text("1 pinned post")
    ann.act(ann.post("holiday 2").first, "Pin")
    expect(pins(bob)).to_have_text(["AAnn“Monday is a holiday 2”", "AAnn“Monday is a holiday 1”"])
    expect(bob.post("holiday 1").first.get_by_text("pinned")).to_be_attached()
    expect(bob.post("holiday 1").first.get_by_role("button", name="Unpin")).to_have_count(0)
    pins(bob).last.locator("a").focus()
    ann.ask(f"/posts/{posted(ann, 'holiday 1')}", {"text": "No holiday"}, method="PATCH")
    expect(pins(bob).last).to_contain_text("No holiday")
    expect(pins(bob).last.locator("a")).to_be_focused()
    bob.page.keyboard.press("Enter")
    expect(bob.post("No holiday")).to_be_in_viewport()
    expect(bob.post("No holiday")).to_be_focused()
    bob.page.locator("#pins summary").press("Enter")
    expect(pins(bob).first).to_be_hidden()
    bob.page.reload()
    expect(bob.page.locator("#pins summary")).to_have_text("2 pinned posts")
    expect(pins(bob).first).to_be_hidden()
    ann.page.get_by_role("button", name="Unpin the post by Ann").last.press("Enter")
    expect(bob.page.locator("#pins summary")).to_have_text("1 pinned post")
    ann.act(ann.post("holiday 2").first, "Delete")
    ann.page.locator("#confirm-yes").click()
    expect(bob.page.locator("#pins")).to_be_hidden()


def posted(board: Board, text: str) -> str:
    return str(board.post(text).first.get_attribute("data-post"))
