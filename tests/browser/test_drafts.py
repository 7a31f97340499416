"""What is written and not sent yet: it waits for its files, and nothing of it gets lost."""

import re

from playwright.sync_api import Route, expect

from tests.browser.attaching import UPLOADS, a_file, are_there, attach, attached
from tests.browser.board import Board
from tests.browser.test_outbox import lose_posts
from tests.support.waiting import within

KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('draft'))"


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


def come_back(board: Board) -> None:
    """To the open channel, with a new page, as after a crash."""
    address = board.page.url
    board.page.close()
    board.page = board.context.new_page()
    board.watch(board.page)
    board.page.goto(address)
    board.opens("general")


def sign_in_as(board: Board, username: str) -> None:
    address = board.page.url
    board.sign_in(username)
    board.page.goto(address)
    board.opens("general")


def is_all_there(ann: Board) -> None:
    expect(ann.page.locator("#text")).to_have_value("Half of a th")
    are_there(ann, ["plan.txt"])
    editor = ann.page.get_by_label("Text of the post")
    expect(editor).to_have_value("Good morning, every")
    unfinished = ann.page.locator("#unfinished")
    expect(unfinished).to_have_text(re.compile("^Your reply is not sent:“I do, with ch”"))


def test_what_is_being_written_outlives_the_page_and_the_session_for_its_writer_alone(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    for text in ("Who brings the cake?", "Good morning"):
        ann.write(text)
        expect(bob.post(text)).to_have_count(1)
    area, reply = ann.page.locator("#text"), ann.page.locator("#reply-text")
    ann.act(ann.post("cake"), "Reply")
    reply.press_sequentially("I do, with ch")
    ann.act(ann.post("morning"), "Edit")
    ann.page.get_by_label("Text of the post").press_sequentially(", every")
    attach(ann, a_file("plan.txt"))
    are_there(ann, ["plan.txt"])
    area.press_sequentially("Half of a th")

    come_back(ann)
    is_all_there(ann)
    url = ann.server.url
    ann.context.request.delete(f"{url}/api/sessions/current", headers={"Origin": url})
    expect(ann.page.locator("#signed-out")).to_contain_text("kept here until you sign in again")
    back = ann.page.url.replace(f"{url}/board", "/sign-in")
    expect(ann.page.locator("#signed-out a")).to_have_attribute("href", back)
    expect(ann.page.locator("#text")).to_have_value("")
    expect(ann.page.locator("#unfinished, #composer .attachments")).to_have_text(["", ""])
    sign_in_as(ann, "bob")
    expect(ann.page.locator("#text")).to_have_value("")
    expect(ann.page.locator("#unfinished")).to_be_hidden()
    expect(ann.page.get_by_label("Text of the post")).to_have_count(0)
    sign_in_as(ann, "ann")
    is_all_there(ann)
    ann.page.get_by_role("button", name="Continue").click()
    expect(ann.page.locator("#unfinished")).to_be_hidden()
    expect(ann.page.locator("#reply-text")).to_have_value("I do, with ch")
    ann.page.locator("#reply-text").press("Enter")
    ann.page.get_by_label("Text of the post").press("Enter")
    ann.page.locator("#text").press("Enter")
    bob.shows(["Who brings the cake?", "Good morning, every", "Half of a th"])
    expect(bob.post("Half").locator(".file .name")).to_have_text("plan.txt")
    expect(bob.post("cake")).to_contain_text("1 reply")
    assert within(10, lambda: ann.page.evaluate(KEPT) == [])  # once she is answered, too


def test_who_signs_out_is_asked_before_what_is_not_sent_is_erased(ann: Board) -> None:
    ann.write("Hello")
    post_id = ann.post("Hello").get_attribute("data-post")
    lose_posts(ann.context)
    ann.write("In a tunnel")
    ann.act(ann.post("Hello"), "Edit")
    ann.page.get_by_label("Text of the post").fill("Hello, all")
    ann.page.locator("#text").press_sequentially("Half of a th")
    ann.page.locator("#account").click()
    ann.page.locator("#sign-out").click()
    asked = ann.page.locator("#confirm-text")
    expect(asked).to_contain_text("It will be erased on this device: “In a tunnel”, “H")
    ann.ask(f"/posts/{post_id}", method="DELETE")
    ann.shows([])
    expect(asked).to_contain_text("erased")
    ann.page.locator("#confirm").get_by_role("button", name="Cancel").click()
    ann.page.reload()
    expect(ann.page.locator("#text")).to_have_value("Half of a th")
    expect(ann.page.locator("#unfinished")).to_contain_text("“Hello, all”")
    ann.page.locator("#account").click()
    ann.page.locator("#sign-out").click()
    ann.page.locator("#confirm-yes").click()
    expect(ann.page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert ann.page.evaluate("Object.keys(localStorage)") == []


def test_a_reply_that_was_begun_is_not_lost_with_its_post(ann: Board) -> None:
    reply, unfinished = ann.page.locator("#reply-text"), ann.page.locator("#unfinished")
    ann.write("Who comes?")
    ann.act(ann.post("Who"), "Reply")
    reply.press_sequentially("Nob")
    reply.press("Escape")
    expect(unfinished).to_contain_text("“Nob”")
    ann.page.get_by_role("button", name="Discard").click()
    expect(unfinished).to_be_hidden()
    ann.act(ann.post("Who"), "Reply")
    expect(reply).to_have_value("")
    reply.press_sequentially("I do")
    ann.act(ann.post("Who"), "Delete")
    ann.page.locator("#confirm-yes").click()
    expect(unfinished).to_contain_text("“I do”")
    ann.page.get_by_role("button", name="Continue").click()
    expect(ann.page.locator("#confirm")).to_contain_text("That post has been deleted")
    ann.page.get_by_role("button", name="Post it by itself").click()
    ann.shows(["I do"])
    expect(unfinished).to_be_hidden()


def test_tabs_share_what_is_written_but_none_erases_what_another_one_shows(ann: Board) -> None:
    here, there = ann.page, ann.context.new_page()
    ann.watch(there)
    there.goto(here.url)
    areas = [page.locator("#text") for page in (here, there)]
    for area in areas:
        expect(area).to_be_visible()

    def both_show(text: str) -> None:
        for area in areas:
            expect(area).to_have_value(text)

    areas[0].press_sequentially("Half")
    attach(ann, a_file("plan.txt"))
    both_show("Half")
    expect(there.locator(".attachment .name")).to_have_text("plan.txt")
    areas[1].press_sequentially(" of it")
    both_show("Half of it")
    areas[0].press("Enter")
    ann.shows(["Half of it"])
    both_show("")
    expect(there.locator(".attachment")).to_have_count(0)
    areas[0].fill("Mine")
    both_show("Mine")
    here.evaluate("void (heard = new Promise((done) => addEventListener('storage', done)))")
    there.evaluate(
        """() => {
          const [key] = Object.keys(localStorage).filter((key) => key.startsWith("draft"));
          const kept = { text: "Of a tab that knew of neither", files: [], lost: [] };
          localStorage.setItem(key, JSON.stringify({ ...kept, version: "its", after: null }));
        }"""
    )
    here.evaluate("heard")
    both_show("Mine")
    areas[0].press_sequentially(" again")
    both_show("Mine again")


DELETE = """(name) => {
  const [[, kept]] = Object.entries(localStorage).filter(([key]) => key.startsWith("draft"));
  const { files } = JSON.parse(kept);
  return fetch(`/api/files/${files.find((file) => file.name === name).id}`, { method: "DELETE" });
}"""


def test_a_file_that_is_gone_since_is_told_and_can_be_taken_out(ann: Board) -> None:
    attach(ann, a_file("gone.txt"), a_file("soon gone.txt"))
    are_there(ann, ["gone.txt", "soon gone.txt"])
    ann.page.locator("#text").press_sequentially("The plan")
    ann.page.evaluate(DELETE, "gone.txt")
    ann.page.route(UPLOADS, lambda route: route.abort())
    attach(ann, a_file("late.txt"))
    expect(attached(ann).last).to_contain_text("No connection")
    come_back(ann)

    def is_told_and_taken_out(name: str) -> None:
        lost = attached(ann).filter(has=ann.page.get_by_text(name, exact=True))
        expect(lost).to_contain_text("The server does not have it. Attach it again.")
        expect(lost.get_by_role("button", name="Try again")).to_be_hidden()
        ann.page.locator("#text").press("Enter")
        expect(ann.page.locator("#composer .composer-hint")).to_contain_text("not sent")
        lost.get_by_role("button", name="Remove").click()

    is_told_and_taken_out("gone.txt")
    is_told_and_taken_out("late.txt")
    are_there(ann, ["soon gone.txt"])
    ann.page.evaluate(DELETE, "soon gone.txt")
    ann.page.evaluate("void (Date.now = () => performance.timeOrigin + 10 * 3_600_000)")
    ann.page.locator("#text").press("Enter")
    is_told_and_taken_out("soon gone.txt")
    ann.page.locator("#text").press("Enter")
    ann.shows(["The plan"])


def test_where_the_browser_keeps_nothing_the_page_does_until_it_is_left(ann: Board) -> None:
    ann.make_channel("other")
    ann.page.evaluate(
        """() => (Storage.prototype.setItem = () => {
          throw new DOMException("It is full.", "QuotaExceededError");
        })"""
    )
    ann.page.locator("#text").press_sequentially("Half of a th")
    ann.to_channel("general")
    expect(ann.page.locator("#text")).to_have_value("")
    ann.to_channel("other")
    expect(ann.page.locator("#text")).to_have_value("Half of a th")
    ann.page.locator("#account").click()
    ann.page.locator("#sign-out").click()
    expect(ann.page.locator("#confirm-text")).to_contain_text("“Half of a th”")
    ann.page.locator("#confirm").get_by_role("button", name="Cancel").click()
    with ann.page.expect_event("dialog") as asked:
        ann.page.evaluate("void setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    expect(ann.page.locator("#text")).to_have_value("Half of a th")


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
    post_id = ann.post("Good evening").get_attribute("data-post")
    for verb in ("More", "Edit"):
        ann.post("Good evening").get_by_role("button", name=verb, exact=True).click()
    editor.fill("Good night")
    elsewhere("DELETE")
    expect(ann.page.locator("#confirm-text")).to_have_text("Good night")
    ann.page.keyboard.press("Escape")
    expect(ann.page.locator("#unfinished")).to_contain_text("“Good night”")
