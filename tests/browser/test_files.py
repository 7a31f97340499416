"""Files in posts: attached in every way, shown, refused in words, and sent once they are there."""

import json
import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.attaching import UPLOADS, a_file, are_there, attach, attached
from tests.browser.board import Board
from tests.support.server import Server

DROPPED = """(names) => {
  const moved = new DataTransfer();
  for (const name of names) moved.items.add(new File(["content of " + name], name));
  return moved;
}"""


def test_what_is_dropped_or_pasted_goes_into_a_post_or_a_reply(two: tuple[Board, Board]) -> None:
    ann, bob = two
    dropped = ann.page.evaluate_handle(DROPPED, ["one.txt", "two.txt"])
    ann.page.dispatch_event("#scroller", "drop", {"dataTransfer": dropped})
    are_there(ann, ["one.txt", "two.txt"])
    ann.page.get_by_role("button", name="Remove one.txt").click()
    ann.page.locator("#text").press("Enter")
    expect(bob.page.locator("#posts .file .name")).to_have_text("two.txt")
    post = ann.page.locator("#posts > .post")
    ann.act(post, "Reply")
    pasted = ann.page.evaluate_handle(DROPPED, ["three.txt"])
    pasted.evaluate("(copied) => copied.setData('text/plain', 'three.txt')")
    ann.page.locator("#reply-text").evaluate(
        "(area, data) => area.dispatchEvent("
        "new ClipboardEvent('paste', { clipboardData: data, cancelable: true }))",
        pasted,
    )
    are_there(ann, ["three.txt"], "#reply-composer")
    ann.page.locator("#reply-text").press("Enter")
    expect(ann.page.locator("#replies .file .name")).to_have_text("three.txt")
    bob.act(bob.page.locator("#posts > .post"), "1 reply")
    expect(bob.page.locator("#replies .file .name")).to_have_text("three.txt")


def test_whoever_sends_before_the_files_are_there_has_it_sent_when_they_are(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    held: list[Route] = []
    ann.page.route(UPLOADS, lambda route: held.append(route))  # noqa: PLW0108 # it sets attributes
    with ann.page.expect_request(UPLOADS):
        attach(ann, a_file("slow.txt"), a_file("unwanted.txt"))
    ann.write("With a file")
    expect(ann.page.locator("#composer .composer-hint")).to_contain_text("as soon as")
    ann.page.get_by_role("button", name="Cancel unwanted.txt").click()
    expect(attached(ann)).to_have_count(1)
    expect(ann.page.locator("#posts > .post, #pending > .post")).to_have_count(0)
    held[0].continue_()
    expect(bob.post("With a file").locator(".file .name")).to_have_text("slow.txt")
    expect(bob.post("With a file").locator(".file")).to_have_count(1)


def test_what_was_uploaded_is_sent_when_the_connection_is_back_and_more_is_not(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    ann.page.reload()
    ann.is_live()
    expect(ann.page.locator("#composer")).to_be_visible()
    attach(ann, a_file("early.txt"))
    are_there(ann, ["early.txt"])
    ann.context.set_offline(True)
    ann.write("In a tunnel")
    expect(ann.page.locator("#pending .file .name")).to_have_text("early.txt")
    attach(ann, a_file("late.txt"))
    expect(attached(ann)).to_contain_text("No connection: files can only be sent online.")
    assert attached(ann).locator("use").first.evaluate("(icon) => icon.getBBox().width") > 0
    ann.page.locator("#text").press("Enter")
    expect(ann.page.locator("#composer .composer-hint")).to_contain_text("was not sent")
    ann.context.set_offline(False)
    expect(bob.post("In a tunnel").locator(".file .name")).to_have_text("early.txt")
    expect(ann.page.locator("#pending > .post")).to_have_count(0)
    attached(ann).get_by_role("button", name="Try again").click()
    are_there(ann, ["late.txt"])
    expect(ann.page.get_by_role("button", name="Remove late.txt")).to_be_focused()
    ann.page.locator("#text").press("Enter")
    expect(bob.page.locator("#posts .file .name")).to_have_text(["early.txt", "late.txt"])


@pytest.fixture
def small(server: Server) -> None:
    server.settings |= {"HOMEROOM_MAX_FILE_MB": "1", "HOMEROOM_USER_QUOTA_MB": "1"}
    server.stop()
    server.start()


@pytest.mark.usefixtures("small")
def test_a_file_that_is_refused_says_who_refused_it_and_why_beside_itself(ann: Board) -> None:
    attach(ann, a_file("large.txt", b"x" * (2**20 + 1)))
    expect(attached(ann)).to_contain_text("It is larger than 1 MB.")
    expect(attached(ann).get_by_role("button", name="Try again")).to_be_hidden()
    ann.page.get_by_role("button", name="Remove large.txt").click()
    attach(ann, a_file("half.txt", b"x" * 600_000))
    are_there(ann, ["half.txt"])
    attach(ann, a_file("other.txt", b"x" * 600_000))
    expect(attached(ann).nth(1)).to_contain_text("delete some first")
    with ann.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        ann.page.get_by_role("button", name="Remove half.txt").click()
    attached(ann).get_by_role("button", name="Try again").click()
    are_there(ann, ["other.txt"])
    full = {"status": 507, "code": "storage_full", "detail": "The server has no room left."}
    ours = {"status": 507, "content_type": "application/problem+json", "body": json.dumps(full)}
    ann.page.route(UPLOADS, lambda route: route.fulfill(**ours))
    attach(ann, a_file("one_more.txt"))
    expect(attached(ann).nth(1)).to_contain_text("The server has no room left.")
    theirs = {"status": 413, "content_type": "text/html", "body": "<h1>Too Large</h1>"}
    ann.page.route(UPLOADS, lambda route: route.fulfill(**theirs))
    again = attached(ann).nth(1).get_by_role("button", name="Try again")
    again.click()
    said = re.compile("such as a proxy, does not let 7 bytes? through")
    expect(attached(ann).nth(1)).to_contain_text(said)
    ann.page.unroute(UPLOADS)
    again.click()
    are_there(ann, ["other.txt", "one_more.txt"])


def test_a_post_has_at_most_ten_files_and_a_draft_keeps_its_own(ann: Board) -> None:
    ann.make_channel("other")
    attach(ann, *(a_file(f"{number}.txt") for number in range(11)))
    expect(ann.page.locator("#composer .composer-hint")).to_contain_text("at most 10 files")
    expect(attached(ann)).to_have_count(10)
    ann.to_channel("general")
    expect(attached(ann)).to_have_count(0)
    ann.to_channel("other")
    are_there(ann, [f"{number}.txt" for number in range(10)])


def test_a_file_that_its_uploader_deletes_is_gone_from_the_post(two: tuple[Board, Board]) -> None:
    ann, bob = two
    attach(ann, a_file("wrong.txt"), a_file("right.txt"))
    are_there(ann, ["wrong.txt", "right.txt"])
    ann.write("The plan")
    expect(bob.post("The plan").locator(".file .name")).to_have_text(["wrong.txt", "right.txt"])
    expect(bob.post("The plan").get_by_role("button", name="Delete wrong.txt")).to_have_count(0)
    ann.post("The plan").get_by_role("button", name="Delete wrong.txt").click()
    ann.page.locator("#confirm-yes").click()
    expect(bob.post("The plan").locator(".file .name")).to_have_text(["right.txt"])
