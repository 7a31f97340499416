"""What is written and not sent yet: it waits for its files, and nothing of it gets lost."""

import re

from playwright.sync_api import Route, expect

from tests.browser.attaching import UPLOADS, a_file, are_there, attach, attached
from tests.browser.board import Board


def test_what_waits_for_its_files_is_sent_to_its_own_place_alone(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.make_channel("other")
    ann.to_channel("general")
    area, hint = ann.page.locator("#text"), ann.page.locator("#composer .composer-hint")
    held: list[Route] = []
    ann.page.route(UPLOADS, lambda route: held.append(route))  # noqa: PLW0108 # it sets attributes
    with ann.page.expect_request(UPLOADS):
        attach(ann, a_file("wrong.txt"))
    area.press("Enter")
    expect(hint).to_have_text("It will be sent as soon as the files are uploaded.")
    ann.page.get_by_role("button", name="Cancel wrong.txt").click()
    expect(area).to_be_focused()
    expect(hint).to_have_text("")
    with ann.page.expect_request(UPLOADS):
        attach(ann, a_file("slow.txt"))
    ann.write("With a file")
    expect(hint).to_have_text("“With a file” will be sent as soon as the files are uploaded.")
    area.press_sequentially("And then")
    ann.to_channel("other")
    expect(area).to_have_value("")
    held[-1].continue_()
    ann.page.unroute(UPLOADS)
    expect(bob.post("With a file").locator(".file .name")).to_have_text("slow.txt")
    attach(ann, a_file("next.txt"))
    are_there(ann, ["next.txt"])
    expect(ann.page.locator("#posts > .post, #pending > .post")).to_have_count(0)
    ann.to_channel("general")
    expect(area).to_have_value("And then")
    expect(attached(ann)).to_have_count(0)
    expect(hint).to_have_text("")
    bob.shows(["With a file"])


def test_whoever_leaves_the_page_is_asked_while_something_is_not_sent(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    ann.page.locator("#text").press_sequentially("Half of a th")
    with ann.page.expect_event("dialog") as asked:
        ann.page.evaluate("void setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    ann.page.locator("#text").press("Enter")
    bob.shows(["Half of a th"])


def test_an_edit_loses_nothing_when_the_post_is_changed_or_deleted_meanwhile(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two

    def elsewhere(method: str, text: str | None = None) -> None:
        """The same person, in another tab."""
        ann.page.evaluate(
            """([post, method, text]) => fetch(`/api/posts/${post}`, {
              method,
              headers: { "Content-Type": "application/json" },
              body: text && JSON.stringify({ text }),
            })""",
            [post_id, method, text],
        )

    ann.write("Good morning")
    post_id = ann.post("Good morning").get_attribute("data-post")
    ann.act(ann.post("Good morning"), "Edit")
    editor = ann.page.get_by_label("Text of the post")
    elsewhere("PATCH", "Good evening")
    expect(ann.page.locator(".editing .hint")).to_contain_text("changed elsewhere")
    editor.press("Enter")
    expect(editor).to_have_count(0)
    ann.shows(["Good evening"])
    bob.shows(["Good evening"])
    ann.act(ann.post("Good evening"), "Edit")
    editor.press_sequentially(", everybody")
    touch = ann.context.new_cdp_session(ann.page)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    editor.press("Enter")
    expect(editor).to_have_value("Good evening, everybody\n")
    elsewhere("DELETE")
    expect(ann.page.locator("#confirm-text")).to_have_text(re.compile("Good evening, everybody"))
    ann.page.get_by_role("button", name="Post it again").click()
    bob.shows(["Good evening, everybody"])
