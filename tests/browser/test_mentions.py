"""Naming people: completed while it is written, marked, and told until it has been read."""

import re

from playwright.sync_api import Locator, expect

from model.text.mention_syntax import readings
from tests.browser.board import Board
from tests.support.mention_syntax import NAMED


def people_of(board: Board, area: str = "text") -> Locator:
    return board.page.locator(f"#{area}-people > li")


def are_offered(board: Board, count: int) -> None:
    """For what is typed by now, not for less of it."""
    expect(board.page.locator("#text-people")).to_have_attribute("aria-busy", "false")
    expect(people_of(board)).to_have_count(count)


def badge(board: Board, channel: str) -> Locator:
    return board.channel(channel).locator(".mention-badge")


def test_a_name_is_completed_with_the_keys_alone(two: tuple[Board, Board]) -> None:
    ann, bob = two
    area = ann.page.locator("#text")
    area.press_sequentially("Ask @")
    expect(people_of(ann)).to_have_text([re.compile("Bob")])
    expect(area).to_have_role("textbox")
    expect(area).to_have_attribute("aria-controls", "text-people")
    first = people_of(ann).first
    expect(area).to_have_attribute("aria-activedescendant", str(first.get_attribute("id")))
    area.press("Escape")
    expect(people_of(ann)).to_have_count(0)
    expect(area).not_to_have_attribute("aria-activedescendant", re.compile(""))
    area.press_sequentially("bo")
    are_offered(ann, 1)
    area.press("Enter")
    expect(area).to_have_value("Ask @bob ")
    area.press_sequentially("or ann@bo")
    expect(people_of(ann)).to_have_count(0)
    area.press("Enter")
    post = bob.post("Ask @bob or ann@bo")
    expect(post.locator("mark")).to_have_text("@bob")
    expect(ann.post("Ask @bob").locator("mark")).to_have_count(0)
    bob.act(post, "Reply")
    reply = bob.page.get_by_label("Write a reply")
    reply.press_sequentially("@an")
    expect(people_of(bob, "reply-text")).to_have_text([re.compile("Ann")])
    reply.press("Escape")
    expect(bob.page.locator("#thread")).to_be_visible()
    reply.press_sequentially("n")
    people_of(bob, "reply-text").click()
    expect(reply).to_have_value("@ann ")
    expect(reply).to_be_focused()


def test_whom_the_server_tells_the_board_marks(two: tuple[Board, Board]) -> None:
    _, bob = two
    marked = bob.page.evaluate(
        """async (texts) => {
          const { formatted } = await import("/static/posts/formatted.js");
          const shown = (text) => {
            const place = document.createElement("div");
            place.append(...formatted(text, "Bob"));
            return [...place.querySelectorAll("mark")].map((mark) => mark.textContent);
          };
          return texts.map(shown);
        }""",
        list(NAMED),
    )
    for (text, names), marks in zip(NAMED.items(), marked, strict=True):
        assert {mark.lower() for mark in marks} == {
            "@bob" for n in names if "bob" in readings(n)
        }, text


def test_a_name_is_completed_where_the_cursor_stands_and_while_a_post_is_changed(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    area = ann.page.locator("#text")
    area.press_sequentially("\uff20\uff42o")  # as a Japanese keyboard writes it
    are_offered(ann, 1)
    area.press("Enter")
    expect(area).to_have_value("@bob ")
    area.fill("")
    area.press_sequentially("@bo")
    expect(people_of(ann)).to_have_count(1)
    area.press("Home")
    expect(people_of(ann)).to_have_count(0)
    area.press("Enter")
    bob.shows(["@bo"])
    ann.act(ann.post("@bo"), "Edit")
    editor = ann.page.get_by_label("Text of the post")
    editor.press_sequentially("b")
    expect(ann.page.locator(".editing .completion > li")).to_have_text([re.compile("Bob")])
    editor.press("Enter")
    expect(editor).to_have_value("@bob ")
    editor.press("Enter")
    expect(bob.post("@bob").locator("mark")).to_have_text("@bob")


def test_in_a_private_channel_only_those_who_are_let_in_are_offered(
    two: tuple[Board, Board],
) -> None:
    ann, _ = two
    ann.make_channel("secret", "Private")
    area = ann.page.locator("#text")
    with ann.page.expect_response("**/api/users?*"):
        area.press_sequentially("@bo")
    expect(people_of(ann)).to_have_count(0)
    ann.page.locator("#channel-settings").click()
    with ann.page.expect_response("**/channels/*/members/*"):
        ann.page.locator("#channel-people").get_by_label("Bob").check()
    ann.page.locator("#channel-dialog").get_by_role("button", name="Close").click()
    area.press_sequentially("b")
    expect(people_of(ann)).to_have_count(1)


def test_a_mention_elsewhere_is_told_and_shown_until_it_is_read(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.make_channel("other")
    bob.to_channel("other")
    ann.to_channel("general")
    ann.write("Who brings the cake? `@bob` may not.")
    expect(bob.channel("general").locator(".count")).to_be_visible()
    expect(badge(bob, "general")).to_have_count(0)
    ann.act(ann.post("cake"), "Reply")
    ann.page.get_by_label("Write a reply").fill("You, @Bob!")
    ann.page.get_by_label("Write a reply").press("Enter")
    expect(badge(bob, "general")).to_be_visible()
    bob.page.reload()
    expect(badge(bob, "general")).to_be_visible()
    bob.page.locator("#members").click()
    ann.page.get_by_label("Write a reply").fill("@bob?")
    ann.page.get_by_label("Write a reply").press("Enter")
    bob.page.get_by_role("link", name="Ann mentioned you in general · Class").click()
    expect(bob.page.locator("#channel-name")).to_have_text("general")
    expect(bob.page.locator("#members-dialog")).to_be_hidden()
    expect(bob.reply_in_thread("@bob?")).to_be_in_viewport()
    expect(bob.reply_in_thread("You").locator("mark")).to_have_text("@Bob")
    expect(bob.post("cake").locator("mark")).to_have_count(0)
    expect(badge(bob, "general")).to_have_count(0)


def test_a_mention_in_another_group_shows_there_until_the_post_is_deleted(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    bob.make_group("Chess club")
    of_class = bob.page.locator("#groups li").filter(has_text="Class").locator(".mention-badge")
    ann.write("Good morning, @bob!")
    expect(bob.page.locator("#notices")).to_contain_text("Ann mentioned you")
    expect(of_class).to_be_visible()
    ann.act(ann.post("morning"), "Delete")
    ann.page.locator("#confirm-yes").click()
    expect(of_class).to_have_count(0)


def test_the_list_of_mentions_leads_to_each_post(two: tuple[Board, Board]) -> None:
    ann, bob = two
    button = bob.page.get_by_role("button", name="Mentions")
    button.click()
    expect(bob.page.locator("#no-mentions")).to_be_visible()
    bob.page.keyboard.press("Escape")
    bob.make_group("Chess club")
    of_class = bob.page.locator("#groups a").filter(has_text="Class")
    of_class.focus()
    ann.write("Good morning, @bob!")
    expect(button).to_have_accessible_name("Mentions, 1 unread")
    expect(of_class).to_be_focused()
    button.click()
    link = bob.page.locator("#mentions a")
    link.focus()
    ann.write("Where is @bob?")
    expect(link).to_have_count(2)
    expect(link.last).to_be_focused()
    ann.act(ann.post("Where"), "Delete")
    ann.page.locator("#confirm-yes").click()
    expect(link).to_have_count(1)
    bob.page.get_by_role("link", name=re.compile("Ann.*general · Class.*unread")).click()
    expect(bob.page.locator("#mentions-dialog")).to_be_hidden()
    expect(bob.post("morning")).to_have_class(re.compile("found"))
    expect(button).to_have_accessible_name("Mentions")
