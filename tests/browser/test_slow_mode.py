"""Slow mode before its people: what is sent too soon waits for its turn, and comes in order."""

import re

from playwright.sync_api import expect

from tests.browser.board import Board


def set_pause(ann: Board, pause: str) -> None:
    ann.page.locator("#channel-settings").click()
    ann.page.get_by_label("How often members can post").select_option(pause)
    ann.page.get_by_role("button", name="Save").click()
    expect(ann.page.locator("#channel-dialog")).to_be_hidden()


def test_what_is_sent_too_soon_waits_for_its_turn_and_holds_up_no_other_channel(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    ann.make_channel("other")
    ann.to_channel("general")
    set_pause(ann, "Once in 5 minutes")
    hint = bob.page.locator("#composer .slow-mode")
    expect(hint).to_contain_text("once in 5 minutes")
    expect(ann.page.locator("#composer .slow-mode")).to_be_hidden()
    for text in ("one", "two", "three"):
        bob.write(text)
    ann.shows(["one"])
    pending = bob.page.locator("#pending > .post")
    expect(pending.last).to_contain_text("It waits for the one before it.")
    expect(pending.first).to_contain_text(re.compile(r"It is sent at \d\d:\d\d"))
    bob.to_channel("other")
    bob.write("elsewhere")
    bob.shows(["elsewhere"])
    bob.page.reload()
    bob.to_channel("general")
    expect(pending.first).to_contain_text("It is sent at")
    expect(pending.locator(".text")).to_have_text(["two", "three"])
    bob.shows(["one"])
    set_pause(ann, "As often as they like")
    ann.shows(["one", "two", "three"])
    bob.shows(["one", "two", "three"])
    expect(pending).to_have_count(0)
    expect(hint).to_be_hidden()
