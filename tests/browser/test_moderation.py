"""Pins and reports, before those who moderate and those who do not."""

from playwright.sync_api import Locator, expect

from tests.browser.board import Board, OpenBoard

UNFOLDED_AND_LEFT = """() => {
  document.querySelector("#pins summary").click();
  return localStorage.getItem("pins folded");
}"""


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
    expect(first.get_by_role("button", name="Unpin")).to_be_focused()
    expect(bob.page.locator("#pins summary")).to_have_text("1 pinned post")
    ann.act(ann.post("holiday 2").first, "Pin")
    expect(pins(bob)).to_have_text(["AAnn“Monday is a holiday 2”", "AAnn“Monday is a holiday 1”"])
    pinned = bob.post("holiday 1").first.get_by_text("pinned")
    expect(pinned).not_to_have_attribute("hidden", "")
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
    assert bob.page.evaluate(UNFOLDED_AND_LEFT) is None
    ann.page.get_by_role("button", name="Unpin the post by Ann").last.press("Enter")
    expect(bob.page.locator("#pins summary")).to_have_text("1 pinned post")
    expect(ann.page.locator("#pins summary")).to_be_focused()
    ann.act(ann.post("holiday 2").first, "Delete")
    ann.page.locator("#confirm-yes").click()
    expect(bob.page.locator("#pins")).to_be_hidden()


def report_with_the_keys(tom: Board) -> None:
    report_it = tom.post("stupid").get_by_role("button", name="Report")
    report_it.focus()
    tom.page.keyboard.press("Enter")
    expect(tom.page.locator("#report-disclosure")).to_contain_text(
        "The moderators and owners of Class get a copy of the post as it is now, your reason and"
        " your name. Bob is not told who has reported it."
    )
    expect(tom.page.get_by_label("What is wrong with it?")).to_be_focused()
    tom.page.keyboard.type("It is rude")
    tom.page.keyboard.press("Tab")
    tom.page.keyboard.press("Enter")
    expect(tom.page.locator("#notices")).to_contain_text("Reported to Ann.")
    expect(report_it).to_be_focused()


def warned_once(bob: Board) -> None:
    with bob.page.expect_response("**/api/me/warnings"):
        bob.page.reload()
    bob.opens("general")
    expect(bob.page.locator("#warned-dialog")).to_be_hidden()
    bob.page.evaluate("localStorage.clear()")
    bob.page.reload()
    expect(bob.page.locator("#warned-dialog")).to_be_visible()
    bob.page.keyboard.press("Escape")


def posted(board: Board, text: str) -> str:
    return str(board.post(text).first.get_attribute("data-post"))


def test_a_post_is_reported_and_settled_with_the_keys_alone(
    two: tuple[Board, Board], open_board: OpenBoard
) -> None:
    ann, bob = two
    tom = open_board()
    tom.arrive("tom", join_code=ann.join_code())
    tom.opens("general")
    bob.write("You are stupid")
    bob.write("And you, too")
    report_with_the_keys(tom)
    tom.ask(f"/posts/{posted(tom, 'too')}/reports", {"reason": "That one, too"})
    button = ann.page.get_by_role("button", name="Reports 2 to settle")
    expect(bob.page.locator("#open-reports")).to_be_hidden()
    button.focus()
    ann.page.keyboard.press("Enter")
    first = ann.page.get_by_role("article", name="Bob").filter(has_text="It is rude")
    expect(first.locator("blockquote")).to_have_text("You are stupid")
    expect(first).to_contain_text("Reported by Tom: It is rude")
    first.get_by_role("button", name="Warn the author").press("Enter")
    ann.page.locator("#confirm-yes").press("Enter")
    expect(bob.page.get_by_role("dialog")).to_contain_text(
        "You were warned about something that you wrote in general · Class."
    )
    bob.page.get_by_role("link", name="See the post").press("Enter")
    expect(bob.post("stupid")).to_be_focused()
    warned_once(bob)
    ann.page.get_by_role("button", name="Delete the post").press("Enter")
    ann.page.locator("#confirm-yes").press("Enter")
    expect(ann.page.locator("#no-reports")).to_be_visible()
    ann.page.get_by_label("Show those that are settled").press("Space")
    expect(ann.page.get_by_role("article")).to_contain_text(
        ["The post was deleted by Ann", "Warned by Ann"]
    )
    ann.page.keyboard.press("Escape")
    bob.shows(["You are stupid"])
    expect(ann.page.locator("#open-reports")).to_have_accessible_name("Reports")


def test_the_author_of_what_is_reported_is_muted_and_banned_where_the_report_is(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    bob.write("You are stupid")
    expect(bob.post("stupid")).to_be_visible()
    expect(bob.post("stupid").get_by_role("button", name="Report")).to_have_count(0)
    ann.act(ann.post("stupid"), "Report")
    ann.page.get_by_label("What is wrong with it?").fill("It is rude")
    ann.page.locator("#report-dialog").get_by_role("button", name="Report").click()
    ann.page.get_by_role("button", name="Reports 1 to settle").click()
    ann.page.get_by_label("How long Bob is muted").select_option("for a day")
    ann.page.get_by_role("button", name="Mute", exact=True).click()
    notice = ann.page.locator(".notice").filter(has_text="Bob can read, but not write, for a day.")
    notice.click()
    expect(notice).to_have_count(0, timeout=3_000)  # sooner than it passes by itself
    refused = bob.context.request.post(
        f"{bob.server.url}/api{bob.posts_path}",
        data={"text": "x"},
        headers={"Origin": bob.server.url},
    )
    assert refused.json()["code"] == "muted"
    ann.page.get_by_role("button", name="Ban").click()
    ann.page.locator("#confirm-yes").click()
    expect(bob.page.locator("#notices")).to_contain_text("You are no longer in Class.")
    expect(ann.page.get_by_role("button", name="Ban")).to_have_count(0)
    ann.page.get_by_role("button", name="Dismiss").click()
    expect(ann.page.locator("#no-reports")).to_be_visible()
    expect(ann.page.locator("#reports-title")).to_be_focused()
