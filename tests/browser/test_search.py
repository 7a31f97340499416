"""Finding posts: as one types, with the keys alone, and shown where they stand."""

import re

from playwright.sync_api import Locator, Route, expect

from tests.browser.board import Board, OpenBoard, joined

SEARCH = "**/api/search?*"
A_PAGE = 50


def search(board: Board, words: str, key: str = "Control+k") -> None:
    board.page.keyboard.press(key)
    field = board.page.get_by_role("combobox", name="Search posts")
    expect(field).to_be_focused()
    field.fill(words)


def results(board: Board) -> Locator:
    return board.page.locator("#search-results .result-text")


def is_found(post: Locator) -> None:
    expect(post).to_have_class(re.compile("found"))
    expect(post).to_be_in_viewport()
    expect(post).to_be_focused()


def test_a_post_on_an_older_page_is_found_opened_and_marked(
    ann: Board, open_board: OpenBoard
) -> None:
    ann.write_many(["Who brings the cake?", *(f"Exercise {n}" for n in range(2 * A_PAGE + 5))])
    bob = joined(open_board, ann)
    expect(bob.post(f"Exercise {2 * A_PAGE + 4}")).to_have_count(1)
    expect(bob.post("cake")).to_have_count(0)
    search(bob, "CAK", "/")
    expect(results(bob)).to_have_text(["Who brings the cake?"])
    expect(results(bob).locator("mark")).to_have_text(["cake"])
    bob.page.keyboard.press("Enter")
    expect(bob.page.locator("#search")).to_be_hidden()
    is_found(bob.post("cake"))
    expect(bob.post("cake")).not_to_have_class(re.compile("found"))


def test_around_an_old_post_one_goes_on_either_way_and_back_to_the_newest(
    ann: Board, open_board: OpenBoard
) -> None:
    last = 3 * A_PAGE + 10
    ids = ann.write_many([f"Exercise {number}." for number in range(1, last + 1)])
    behind_the_fifth = f"**/posts?*after={ids[4]}"
    bob = joined(open_board, ann)
    expect(bob.post(f"Exercise {last}.")).to_be_in_viewport()
    expect(bob.channel("general").locator(".count")).to_have_count(0)
    held: list[Route] = []
    bob.page.route(behind_the_fifth, lambda route: held.append(route))  # noqa: PLW0108
    go_to = "(id) => (location.hash = location.hash.replace(/(&post.*)?$/u, `&post=${id}`))"
    with bob.page.expect_request(behind_the_fifth):
        bob.page.evaluate(go_to, ids[4])
    bob.page.evaluate(go_to, ids[-2])
    is_found(bob.post(f"Exercise {last - 1}."))
    with bob.page.expect_response(behind_the_fifth):
        held[0].continue_()
    bob.page.unroute(behind_the_fifth)
    bob.page.evaluate("fetch('/api/me')")
    expect(bob.post(f"Exercise {last}.")).to_have_count(1)
    bob.page.evaluate(go_to, ids[A_PAGE + 9])
    is_found(bob.post(f"Exercise {A_PAGE + 10}."))
    ann.write("What was the last one?")
    expect(bob.channel("general").locator(".count")).to_have_text("1 unread")
    bob.shows([f"Exercise {number}." for number in range(11, 2 * A_PAGE + 11)])
    bob.page.locator("#scroller").press("Home")
    expect(bob.post("Exercise 1.")).to_have_count(1)
    bob.page.locator("#scroller").press("End")
    expect(bob.post(f"Exercise {2 * A_PAGE + 11}.")).to_have_count(1)
    bob.page.get_by_role("button", name="Newest posts").click()
    expect(bob.post("the last one")).to_be_in_viewport()
    expect(bob.page.get_by_role("button", name="Newest posts")).to_be_hidden()
    expect(bob.channel("general").locator(".count")).to_have_count(0)
    bob.page.evaluate(go_to, ids[4])
    is_found(bob.post("Exercise 5."))
    bob.write("Mine")
    expect(bob.page.locator("#posts > .post").last).to_have_text(re.compile("Mine"))
    expect(bob.page.locator("#posts > .post").last).to_be_in_viewport()
    bob.page.evaluate(go_to, f"{ids[4]}&reply=999999")
    expect(bob.page.locator("#notices")).to_contain_text("That reply is no longer there.")


def test_a_reply_in_another_group_opens_beside_its_post(ann: Board) -> None:
    ann.write("Who brings the cake?")
    ann.act(ann.post("cake"), "Reply")
    ann.page.get_by_label("Write a reply").fill("A chocolate one")
    ann.page.get_by_label("Write a reply").press("Enter")
    expect(ann.reply_in_thread("chocolate")).to_have_count(1)
    ann.make_group("Chess club")
    ann.make_channel("games")
    ann.write("Chocolate for the winner")
    expect(ann.post("winner")).to_have_count(1)
    search(ann, "chocolate")
    expect(results(ann)).to_have_count(2)
    meta = ann.page.locator("#search-results .result-meta")
    expect(meta.filter(has_text="reply")).to_contain_text("general · Class")
    ann.page.get_by_label("Only this channel").check()
    expect(results(ann)).to_have_text(["Chocolate for the winner"])
    ann.page.get_by_label("Only this channel").uncheck()
    expect(results(ann)).to_have_count(2)
    field = ann.page.get_by_role("combobox", name="Search posts")
    field.press("ArrowDown")
    second = ann.page.locator("#search-results .result").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", str(second.get_attribute("id")))
    results(ann).filter(has_text="A chocolate one").click()
    expect(ann.page.locator("#channel-name")).to_have_text("general")
    is_found(ann.reply_in_thread("chocolate"))


def test_a_question_is_withdrawn_as_soon_as_there_is_another(ann: Board) -> None:
    """So that a late answer to it changes nothing."""
    ann.write_many(["tea", "cake"])
    ann.shows(["tea", "cake"])

    def hold(route: Route) -> None:
        if "q=tea" not in route.request.url:
            route.continue_()

    ann.page.route(SEARCH, hold)
    with ann.page.expect_request(lambda request: "q=tea" in request.url):
        search(ann, "tea")
    with ann.page.expect_event("requestfailed", lambda request: "q=tea" in request.url):
        ann.page.get_by_role("combobox", name="Search posts").fill("cake")
    expect(results(ann)).to_have_text(["cake"])
    ann.page.keyboard.press("Enter")
    is_found(ann.post("cake"))


def test_the_search_says_when_there_is_nothing_no_word_or_no_connection(ann: Board) -> None:
    ann.write("Good morning")
    ann.shows(["Good morning"])
    said = ann.page.locator("#search-said")
    search(ann, "")
    expect(said).to_contain_text("Type a word")
    field = ann.page.get_by_role("combobox", name="Search posts")
    field.fill("evening")
    expect(said).to_have_text("Nothing found for “evening”.")
    field.fill("?!")
    expect(said).to_contain_text("word")
    field.fill("w" * 201)
    room = ann.page.locator("#search .room")
    expect(room).to_have_text("Too long: 1 character too many, 200 fit.")
    expect(said).to_be_hidden()
    again = ann.page.get_by_role("button", name="Try again")
    expect(again).to_be_hidden()
    ann.context.set_offline(True)
    field.fill("morning")
    expect(said).to_contain_text("no connection")
    ann.context.set_offline(False)
    again.click()
    expect(results(ann)).to_have_text(["Good morning"])


def test_a_slash_in_a_post_is_a_slash_and_a_deleted_post_is_said_to_be_gone(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    ann.page.locator("#text").press_sequentially("and/or")
    expect(ann.page.locator("#text")).to_have_value("and/or")
    ann.page.locator("#text").press("Enter")
    expect(bob.post("and/or")).to_have_count(1)
    search(bob, "and")
    expect(results(bob)).to_have_count(1)
    ann.act(ann.post("and/or"), "Delete")
    ann.page.locator("#confirm-yes").click()
    expect(bob.page.locator("#posts > .post")).to_have_count(0)
    bob.page.keyboard.press("Enter")
    expect(bob.page.locator("#notices")).to_contain_text("no longer there")


def test_nothing_is_opened_while_the_answer_to_other_words_is_awaited(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    ann.write_many(["homework", "needle"])
    held: list[Route] = []
    bob.page.route("**/api/search?q=needle*", lambda route: held.append(route))  # noqa: PLW0108
    search(bob, "homework")
    expect(results(bob)).to_have_text(["homework"])
    field = bob.page.get_by_role("combobox", name="Search posts")
    field.fill("needle")
    field.press("Enter")
    expect(bob.page.locator("#search-said")).to_have_text("Searching…")
    field.press("Enter")
    expect(bob.page.locator("#search")).to_be_visible()
    held[0].continue_()
    expect(results(bob)).to_have_text(["needle"])
    bob.page.keyboard.press("Escape")
    expect(bob.page.locator("#search")).to_be_hidden()
    search(bob, "homework")
    bob.page.get_by_label("Only this channel").check()
    ann.page.locator("#channel-settings").click()
    ann.page.get_by_role("radio", name="Private").check()
    ann.page.get_by_role("button", name="Save").click()
    expect(bob.page.locator("#nothing")).to_contain_text("There are no channels yet")
    field.fill("homewor")
    expect(results(bob)).to_have_count(0)
    expect(bob.page.locator("#search-said")).not_to_be_empty()


def test_a_page_of_results_that_does_not_come_takes_nothing_away(ann: Board) -> None:
    ann.write_many([f"exercise {number}" for number in range(25)])
    search(ann, "exercise")
    expect(results(ann)).to_have_count(20)
    ann.context.set_offline(True)
    ann.page.get_by_role("button", name="Show more").click()
    expect(ann.page.locator("#search-said")).to_be_in_viewport()
    expect(ann.page.locator("#search-said")).to_contain_text("no connection")
    expect(results(ann)).to_have_count(20)
    ann.context.set_offline(False)
    ann.page.get_by_role("button", name="Try again").click()
    expect(results(ann)).to_have_count(25)
    expect(ann.page.get_by_role("combobox", name="Search posts")).to_be_focused()
