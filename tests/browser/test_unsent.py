"""Posts that could not be sent: it is said why, and nobody but their writer gives them up."""

import re
from typing import Any

from playwright.sync_api import Route, expect

from tests.browser.board import Board
from tests.browser.test_outbox import POSTING, lose_posts, pending

A_DAY_MS = 86_400_000
CHANGE_STORED = """changes => {
  for (const place of Object.keys(localStorage)) {
    if (!place.startsWith("outbox ")) continue;
    const item = JSON.parse(localStorage[place]);
    const { later = 0, ...changed } = changes[item.text] ?? {};
    localStorage[place] = JSON.stringify({ ...item, ...changed, at: item.at + later });
  }
}"""


def come_back(ann: Board, changes: dict[str, dict[str, Any]]) -> None:
    """To a network, and to what was written, which has been changed by its text meanwhile."""
    address = ann.page.url
    ann.go("/no-such-page")
    ann.page.evaluate(CHANGE_STORED, changes)
    ann.context.unroute(POSTING)
    ann.page.goto(address)


def edit_without_the_file(ann: Board) -> None:
    ann.page.locator("#pending").get_by_role("button", name="Edit").click()
    area, attached = ann.page.locator("#text"), ann.page.locator("#composer .attachment")
    expect(area).to_be_focused()
    expect(area).to_have_value("with a file")
    expect(attached).to_contain_text("The server does not have it.")
    attached.get_by_role("button", name="Remove").click()
    area.press("Enter")


def give_up_what_is_elsewhere(ann: Board) -> None:
    """In a thread that cannot be opened, and in a channel."""
    ann.page.get_by_role("button", name="2 posts not sent").click()
    unsent = ann.page.locator("#unsent-dialog")
    unsent.get_by_role("button", name="Edit").click()
    expect(ann.page.locator("#unfinished")).to_contain_text("“to a post that is gone”")
    expect(unsent).to_contain_text("no longer open to you")
    expect(unsent.locator(".text")).to_have_text("elsewhere")
    unsent.get_by_role("button", name="Discard").click()
    expect(unsent).to_be_hidden()
    expect(ann.page.locator("#not-sent")).to_be_hidden()


def test_what_has_waited_for_too_long_is_kept_until_it_is_sent_or_discarded(ann: Board) -> None:
    lose_posts(ann.context)
    texts = ["eight days ago", "by a clock that is ahead", "with a file", "just now"]
    texts += ["elsewhere", "to a post that is gone"]
    for text in texts:
        ann.write(text)
    pending(ann.page, texts)
    of_another = "`outbox ${location.origin} 999 1 key`"
    ann.page.evaluate(f"localStorage[{of_another}] = JSON.stringify({{ at: 1 }})")
    gone = {"id": 999, "name": "gone.txt", "size_bytes": 1, "image": None}
    changes: dict[str, dict[str, Any]] = {
        "eight days ago": {"later": -8 * A_DAY_MS},
        "by a clock that is ahead": {"later": 2 * A_DAY_MS},
        "with a file": {"files": [gone]},
        "elsewhere": {"channelId": 999},
        "to a post that is gone": {"parentId": 999},
    }
    come_back(ann, changes)
    ann.shows(["just now"])
    pending(ann.page, texts[:3])
    old, no_file = "It has waited for too long", r"Files: You have no such file: 999\."
    why = [re.compile(said) for said in (old, old, no_file)]
    expect(ann.page.locator("#pending .failed")).to_have_text(why)
    ann.page.locator("#pending").get_by_role("button", name="Discard").nth(1).click()
    pending(ann.page, ["eight days ago", "with a file"])
    edit_without_the_file(ann)
    ann.shows(["just now", "with a file"])
    ann.page.locator("#pending").get_by_role("button", name="Send").click()
    ann.shows(["just now", "with a file", "eight days ago"])
    pending(ann.page, [])
    give_up_what_is_elsewhere(ann)
    ann.page.reload()
    ann.shows(["just now", "with a file", "eight days ago"])
    pending(ann.page, [])
    assert ann.page.evaluate(f"localStorage[{of_another}]") == '{"at":1}'


def test_a_refusal_says_who_has_refused_what_and_where(ann: Board) -> None:
    status = 502

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=status, content_type="text/html", body="<h1>A proxy</h1>")
        else:
            route.continue_()

    ann.page.route(POSTING, refuse)
    with ann.page.expect_response(lambda response: response.status == 502):
        ann.write("through a proxy")
    expect(ann.page.locator("#pending .delivery")).to_have_text("Sending…")
    status = 413
    said = "such as a proxy, does not let 1 kB through (413)."
    expect(ann.page.locator("#pending .failed")).to_contain_text(said)
    ann.page.unroute(POSTING)
    ann.page.locator("#pending").get_by_role("button", name="Try again").press("Enter")
    expect(ann.page.locator("#scroller")).to_be_focused()
    ann.shows(["through a proxy"])
    ann.act(ann.post("through a proxy"), "Edit")
    editor = ann.page.get_by_label("Text of the post")
    editor.fill("  ")
    editor.press("Enter")
    expect(ann.page.locator("#notices")).to_have_text("text: It is empty.")
    ann.page.locator("#channel-settings").click()
    kind = ann.page.get_by_role("radio", name="Announcements")
    kind.evaluate("choice => { choice.value = 'odd'; choice.checked = true; }")
    ann.page.get_by_role("button", name="Save", exact=True).last.click()
    expect(ann.page.locator("#channel-form .kinds > .wrong")).to_contain_text("'announce'")


def test_a_refused_post_is_kept_until_it_is_tried_again_or_discarded(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    lose_posts(bob.context)
    for text in ("first", "second"):
        bob.write(text)
    pending(bob.page, ["first", "second"])
    ann.page.locator("#channel-settings").click()
    form = ann.page.locator("#channel-form")
    form.get_by_role("radio", name="Announcements").check()
    form.get_by_role("button", name="Save").click()
    expect(bob.page.locator("#read-only")).to_be_visible()
    bob.context.unroute(POSTING)
    expect(bob.page.locator("#pending .failed")).to_have_count(2)
    bob.page.reload()
    expect(bob.page.locator("#pending .failed")).to_have_count(2)
    first, second = (
        bob.page.locator("#pending > .post").filter(has_text=t) for t in ("first", "second")
    )
    first.get_by_role("button", name="Discard").click()
    pending(bob.page, ["second"])
    ann.page.locator("#channel-settings").click()
    form.get_by_role("radio", name="Open").check()
    form.get_by_role("button", name="Save").click()
    expect(bob.page.locator("#composer")).to_be_visible()
    second.get_by_role("button", name="Try again").click()
    for board in two:
        board.shows(["second"])
    pending(bob.page, [])
