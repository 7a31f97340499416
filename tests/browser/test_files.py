"""Files in posts: attached in every way, shown, refused in words, and sent once they are there."""

import json
import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from tests.browser.board import Board
from tests.pictures import photo, png
from tests.server import Server

UPLOADS = "**/api/files"
THUMBNAILS = "**/thumbnail?*"
DROPPED = """(names) => {
  const moved = new DataTransfer();
  for (const name of names) moved.items.add(new File(["content of " + name], name));
  return moved;
}"""


def a_file(name: str, content: bytes = b"content") -> FilePayload:
    kind = "image/png" if name.endswith(".png") else "text/plain"
    return {"name": name, "mimeType": kind, "buffer": content}


def attach(board: Board, *files: FilePayload, form: str = "#composer") -> None:
    board.page.locator(f"{form} [type=file]").set_input_files(list(files))


def attached(board: Board, form: str = "#composer") -> Locator:
    return board.page.locator(f"{form} .attachment")


def are_there(board: Board, names: Sequence[str], form: str = "#composer") -> None:
    expect(board.page.locator(f"{form} .attachment .name")).to_have_text(names)
    expect(board.page.locator(f"{form} progress:visible")).to_have_count(0)
    expect(board.page.locator(f"{form} .attachment-state.wrong")).to_have_count(0)


def is_loaded(picture: Locator) -> None:
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(shown) => shown.decode().then(() => shown.naturalWidth)") > 0


def test_pictures_and_other_files_of_a_post_are_shown_to_the_other(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    attach(ann, a_file("leaf.png", png((600, 300))), a_file("notes.txt"), a_file("b.png", photo()))
    are_there(ann, ["leaf.png", "notes.txt", "b.png"])
    ann.write("From the lesson")
    expect(attached(ann)).to_have_count(0)
    post = bob.post("From the lesson")
    leaf = post.get_by_alt_text("leaf.png")
    is_loaded(leaf)
    expect(leaf).to_have_attribute("width", "256")
    expect(leaf).to_have_attribute("height", "128")
    with bob.page.expect_download() as download:
        post.get_by_role("link", name="notes.txt").click()
    assert download.value.path().read_bytes() == b"content"
    post.get_by_role("button", name="leaf.png").click()
    shown = bob.page.locator("#viewer-picture")
    is_loaded(shown)
    expect(bob.page.locator("#viewer-count")).to_have_text("1 of 2")
    for key, name in (("ArrowRight", "b.png"), ("ArrowRight", "leaf.png"), ("ArrowLeft", "b.png")):
        bob.page.keyboard.press(key)
        expect(bob.page.locator("#viewer-name")).to_have_text(name)
    bob.page.keyboard.press("Escape")
    expect(bob.page.locator("#viewer")).to_be_hidden()
    expect(post.get_by_role("button", name="leaf.png")).to_be_focused()


def test_a_large_picture_closes_when_its_post_goes_or_the_channel(two: tuple[Board, Board]) -> None:
    ann, bob = two
    opening = bob.page.locator("#posts").get_by_role("button", name="leaf.png")
    attach(ann, a_file("leaf.png", png()))
    are_there(ann, ["leaf.png"])
    ann.page.locator("#text").press("Enter")
    opening.click()
    is_loaded(bob.page.locator("#viewer-picture"))
    ann.act(ann.page.locator("#posts > .post"), "Delete leaf.png")
    expect(ann.page.locator("#confirm-title")).to_have_text("Delete this post?")
    ann.page.locator("#confirm-yes").click()
    expect(bob.page.locator("#viewer")).to_be_hidden()
    expect(bob.page.locator("#scroller")).to_be_focused()
    ann.make_channel("plans")
    bob.to_channel("plans")
    attach(ann, a_file("leaf.png", png()))
    are_there(ann, ["leaf.png"])
    ann.page.locator("#text").press("Enter")
    opening.click()
    expect(bob.page.locator("#viewer")).to_be_visible()
    ann.page.locator("#channel-settings").click()
    ann.page.get_by_role("radio", name="Private").check()
    ann.page.get_by_role("button", name="Save").click()
    expect(bob.page.locator("#notices")).to_contain_text("plans is no longer open to you")
    expect(bob.page.locator("#viewer")).to_be_hidden()


def test_a_picture_that_could_not_be_loaded_is_there_once_the_server_is(
    two: tuple[Board, Board], server: Server
) -> None:
    ann, bob = two
    bob.get_a_clock()
    bob.page.route(THUMBNAILS, lambda route: route.abort())
    attach(ann, a_file("leaf.png", png()))
    are_there(ann, ["leaf.png"])
    with bob.page.expect_event("requestfailed"):
        ann.write("A leaf")
    leaf = bob.post("A leaf").get_by_alt_text("leaf.png")
    for pause in (1_000, 4_000, 16_000):
        expect(leaf).to_have_class("failed")
        with bob.page.expect_event("requestfailed", lambda failed: failed.method == "HEAD"):
            bob.page.clock.fast_forward(pause)
    bob.page.unroute(THUMBNAILS)
    server.stop()
    expect(bob.connection).to_contain_text("Offline")
    expect(leaf).to_be_visible()
    server.start()
    expect(leaf).not_to_have_class("failed")
    is_loaded(leaf)


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
    expect(attached(ann)).to_contain_text("No connection: files are sent only while there is one.")
    assert attached(ann).locator("use").first.evaluate("(icon) => icon.getBBox().width") > 0
    ann.page.locator("#text").press("Enter")
    expect(ann.page.locator("#composer .composer-hint")).to_contain_text("was not sent")
    ann.context.set_offline(False)
    expect(bob.post("In a tunnel").locator(".file .name")).to_have_text("early.txt")
    expect(ann.page.locator("#pending > .post")).to_have_count(0)
    attached(ann).get_by_role("button", name="Try again").click()
    are_there(ann, ["late.txt"])
    ann.page.locator("#text").press("Enter")
    expect(bob.page.locator("#posts .file .name")).to_have_text(["early.txt", "late.txt"])


@pytest.fixture
def small(server: Server) -> None:
    server.settings |= {"HOMEROOM_MAX_FILE_MB": "1", "HOMEROOM_USER_QUOTA_MB": "1"}
    server.stop()
    server.start()


@pytest.mark.usefixtures("small")
def test_a_file_that_is_refused_says_why_beside_itself(two: tuple[Board, Board]) -> None:
    ann, _ = two
    attach(ann, a_file("large.txt", b"x" * (2**20 + 1)))
    expect(attached(ann)).to_contain_text("It is larger than 1 MB.")
    expect(attached(ann).get_by_role("button", name="Try again")).to_be_hidden()
    ann.page.get_by_role("button", name="Remove large.txt").click()
    attach(ann, a_file("half.txt", b"x" * 600_000))
    are_there(ann, ["half.txt"])
    attach(ann, a_file("other.txt", b"x" * 600_000))
    expect(attached(ann).nth(1)).to_contain_text("delete some first")
    ann.page.get_by_role("button", name="Remove half.txt").click()
    attached(ann).get_by_role("button", name="Try again").click()
    are_there(ann, ["other.txt"])
    full = {"status": 507, "code": "storage_full", "detail": "The server has no room left."}
    ann.page.route(UPLOADS, lambda route: route.fulfill(status=507, body=json.dumps(full)))
    attach(ann, a_file("one_more.txt"))
    expect(attached(ann).nth(1)).to_contain_text("The server has no room left.")


def test_a_post_has_at_most_ten_files_and_a_draft_keeps_its_own(two: tuple[Board, Board]) -> None:
    ann, _ = two
    ann.make_channel("other")
    attach(ann, *(a_file(f"{number}.txt") for number in range(11)))
    expect(ann.page.locator("#notices")).to_contain_text("at most 10 files")
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
    expect(bob.post("The plan").get_by_role("button", name="Delete wrong.txt")).to_have_count(0)
    ann.post("The plan").get_by_role("button", name="Delete wrong.txt").click()
    ann.page.locator("#confirm-yes").click()
    expect(bob.post("The plan").locator(".file .name")).to_have_text(["right.txt"])


def shows_picture(page: Page, place: str) -> None:
    picture = page.locator(f"{place} .avatar img").first
    expect(picture).to_have_attribute("src", re.compile("/api/avatars/"))
    is_loaded(picture)


def test_a_picture_of_oneself_is_at_once_wherever_one_appears(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.write("Hello")
    expect(bob.post("Hello").locator(".avatar")).to_have_text("A")
    ann.page.locator("#account").click()
    ann.page.locator("#picture-file").set_input_files([a_file("no.png", b"no picture")])
    expect(ann.page.locator("#picture-state")).to_have_class(re.compile("wrong"))
    ann.page.keyboard.press("Escape")
    ann.page.locator("#account").click()
    ann.page.locator("#picture-file").set_input_files([a_file("me.png", png((300, 200)))])
    expect(ann.page.locator("#picture-state")).to_have_text("Your picture is there.")
    for page, place in ((ann.page, "#account"), (bob.page, "#posts"), (bob.page, "#here")):
        shows_picture(page, place)
    ann.page.get_by_role("button", name="Remove it").click()
    expect(bob.page.locator("#posts .avatar img")).to_have_count(0)
    expect(ann.page.locator("#account .avatar img")).to_have_count(0)
