"""Pictures in posts and of people: small ones, large ones, and those that cannot be loaded."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.attaching import a_file, are_there, attach, attached
from tests.browser.board import Board
from tests.support.pictures import photo, png
from tests.support.server import Server

THUMBNAILS = "**/thumbnail?*"


def is_loaded(picture: Locator) -> None:
    expect(picture).to_have_js_property("complete", True)
    expect(picture).not_to_have_js_property("naturalWidth", 0)


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
    bob.is_back()
    bob.page.keyboard.press("Enter")
    is_loaded(shown)
    bob.page.go_back()
    expect(bob.page.locator("#viewer")).to_be_hidden()
    expect(post.get_by_role("button", name="leaf.png")).to_be_focused()


def test_a_picture_that_is_opened_again_at_once_is_shown(ann: Board) -> None:
    attach(ann, a_file("leaf.png", png((600, 300))))
    are_there(ann, ["leaf.png"])
    ann.write("From the lesson")
    ann.post("From the lesson").get_by_role("button", name="leaf.png", exact=True).click()
    shown = ann.page.locator("#viewer-picture")
    is_loaded(shown)
    ann.page.evaluate("""async () => {
        document.querySelector("#viewer").close();
        await null; // as between two keys that are pressed within a frame
        document.querySelector("#posts .zoom").click();
    }""")
    is_loaded(shown)
    ann.page.evaluate("() => new Promise(requestAnimationFrame)")
    is_loaded(shown)


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


def shows_picture(page: Page, place: str) -> None:
    picture = page.locator(f"{place} .avatar img").first
    expect(picture).to_have_attribute("src", re.compile("/api/avatars/"))
    is_loaded(picture)


def test_a_picture_of_oneself_is_at_once_wherever_one_appears(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.write("Hello")
    expect(bob.post("Hello").locator(".avatar")).to_have_text("A")
    account = ann.open_account()
    account.locator("#picture-file").set_input_files([a_file("no.png", b"no picture")])
    expect(account.locator("#picture-state")).to_have_class(re.compile("wrong"))
    account.locator("#picture-file").set_input_files([a_file("me.png", png((300, 200)))])
    expect(account.locator("#picture-state")).to_have_text("Your picture has been changed.")
    for page, place in ((ann.page, "#account"), (bob.page, "#posts"), (bob.page, "#here")):
        shows_picture(page, place)
    account.get_by_role("button", name="Remove picture").click()
    expect(bob.page.locator("#posts .avatar img")).to_have_count(0)
    expect(ann.page.locator("#account .avatar img")).to_have_count(0)
