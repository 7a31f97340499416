"""Two people before the board: what one does is on the other's screen, whatever the server does."""

from playwright.sync_api import Route, WebSocketRoute, expect

from tests.browser.board import Board
from tests.support.server import Server


def test_what_one_writes_edits_and_deletes_the_other_sees_without_a_reload(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    ann.write("Good morning")
    expect(bob.post("Good morning")).to_have_count(1)
    ann.act(ann.post("Good morning"), "Edit")
    editor = ann.page.get_by_label("Text of the post")
    editor.fill("Good evening")
    editor.press("Enter")
    expect(bob.post("Good evening")).to_contain_text("edited")
    expect(bob.post("Good morning")).to_have_count(0)
    ann.act(ann.post("Good evening"), "Delete")
    ann.page.locator("#confirm-yes").click()
    expect(bob.post("Good evening")).to_have_count(0)
    expect(ann.post("Good evening")).to_have_count(0)
    expect(bob.page.locator("#empty")).to_be_visible()


def test_replies_and_reactions_of_one_appear_at_the_other(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.write("Who brings the cake?")
    bob.act(bob.post("cake"), "React")
    bob.post("cake").get_by_role("button", name="🎉", exact=True).click()
    pill = ann.post("cake").locator(".pill")
    expect(pill).to_have_text("🎉 1")
    pill.click()
    expect(bob.post("cake").locator(".pill")).to_have_text("🎉 2")
    expect(pill).to_have_text("🎉 2")
    pill.click()
    expect(bob.post("cake").locator(".pill")).to_have_text("🎉 1")
    bob.act(bob.post("cake"), "Reply")
    bob.page.get_by_label("Write a reply").fill("I do")
    bob.page.get_by_label("Write a reply").press("Enter")
    expect(bob.reply_in_thread("I do")).to_have_count(1)
    ann.post("cake").get_by_role("button", name="1 reply").click()
    expect(ann.reply_in_thread("I do")).to_have_count(1)
    ann.page.get_by_label("Write a reply").fill("Thank you")
    ann.page.get_by_label("Write a reply").press("Enter")
    expect(bob.reply_in_thread("Thank you")).to_have_count(1)
    expect(bob.post("cake").get_by_role("button", name="2 replies")).to_be_visible()
    ann.act(ann.post("cake"), "Delete")
    ann.page.locator("#confirm-yes").click()
    expect(bob.page.locator("#thread")).to_be_hidden()


def test_both_catch_up_after_the_server_was_restarted_and_nothing_is_doubled(
    two: tuple[Board, Board], server: Server
) -> None:
    ann, bob = two
    ann.write("before")
    expect(bob.post("before")).to_have_count(1)
    assert server.stop() == 0
    expect(ann.connection).to_contain_text("Offline")
    ann.write("while it was away, from ann")
    bob.write("while it was away, from bob")
    expect(ann.page.locator("#pending")).to_contain_text("Sending")
    server.start()
    for board in two:
        board.is_live()
        expect(board.post("from ann")).to_have_count(1)
        expect(board.post("from bob")).to_have_count(1)
        expect(board.page.locator("#pending > .post")).to_have_count(0)
    bob.write("after")
    expect(ann.post("after")).to_have_count(1)
    bob.shows(ann.texts())
    ann.page.reload()
    ann.shows(bob.texts())


def test_a_post_whose_answer_got_lost_is_there_once(two: tuple[Board, Board]) -> None:
    ann, bob = two
    lost: list[int] = []

    def lose_the_first_answer(route: Route) -> None:
        answer = route.fetch()
        if lost:
            route.fulfill(response=answer)
        else:
            lost.append(answer.status)
            route.abort()

    ann.page.route("**/api/channels/*/posts", lose_the_first_answer)
    ann.write("only once")
    expect(bob.post("only once")).to_have_count(1)
    expect(ann.post("only once")).to_have_count(1)
    expect(ann.page.locator("#pending > .post")).to_have_count(0)
    ann.page.reload()
    expect(ann.post("only once")).to_have_count(1)
    assert lost == [201]


def test_who_has_missed_too_much_fetches_the_list_again(
    two: tuple[Board, Board], server: Server
) -> None:
    ann, bob = two
    ann.write("before")
    expect(bob.post("before")).to_have_count(1)
    bobs_network_is_up = False

    def connect(socket: WebSocketRoute) -> None:
        if bobs_network_is_up:
            socket.connect_to_server()
        else:
            socket.close(code=1001)

    bob.page.route_web_socket("**/api/live", connect)
    bob.page.reload()
    expect(bob.post("before")).to_have_count(1)
    server.stop()
    server.settings["HOMEROOM_LIVE_REPLAY_EVENTS"] = "2"
    server.start()
    ann.is_live()
    for number in range(5):
        ann.write(f"missed {number}")
        expect(ann.post(f"missed {number}")).to_have_count(1)
    expect(bob.post("missed")).to_have_count(0)
    bobs_network_is_up = True
    bob.page.evaluate("dispatchEvent(new Event('online'))")
    bob.is_live()
    expect(bob.post("missed")).to_have_count(5)
    ann.write("after")
    for board in two:
        board.shows(["before", *(f"missed {number}" for number in range(5)), "after"])


def test_unread_posts_are_counted_live_and_reading_them_ends_it(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.make_channel("homework")
    expect(bob.channel("homework")).to_be_visible()
    for number in range(3):
        ann.write(f"question {number}")
    expect(bob.channel("homework").locator(".count")).to_have_text("3 unread")
    ann.act(ann.post("question 1"), "Delete")
    ann.page.locator("#confirm-yes").click()
    expect(bob.channel("homework").locator(".count")).to_have_text("2 unread")
    bob.page.reload()
    expect(bob.channel("homework").locator(".count")).to_have_text("2 unread")
    bob.to_channel("homework")
    expect(bob.channel("homework").locator(".count")).to_have_count(0)
    bob.page.reload()
    expect(bob.channel("general")).to_be_visible()
    expect(bob.channel("homework").locator(".count")).to_have_count(0)


def test_a_channel_that_becomes_private_is_left_politely(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.make_channel("plans")
    ann.write("a secret")
    bob.to_channel("plans")
    expect(bob.post("a secret")).to_have_count(1)
    ann.page.locator("#channel-settings").click()
    ann.page.get_by_role("radio", name="Private").check()
    ann.page.get_by_role("button", name="Save").click()
    expect(bob.page.locator("#notices")).to_contain_text("plans is no longer open to you")
    expect(bob.page.locator("#channel-name")).to_have_text("general")
    expect(bob.channel("plans")).to_have_count(0)
    expect(bob.post("a secret")).to_have_count(0)
    expect(ann.channel("plans")).to_contain_text("private")
    ann.page.locator("#channel-settings").click()
    ann.page.get_by_label("Bob").check()
    expect(bob.channel("plans")).to_be_visible()


def test_a_private_channel_is_opened_after_a_question(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.make_channel("plans", "Private")
    ann.write("a secret")
    ann.page.locator("#channel-settings").click()
    question = ann.page.locator("#confirm")
    for answer in ("Cancel", "Open"):
        ann.page.get_by_role("radio", name="Open").check()
        ann.page.get_by_role("button", name="Save").click()
        expect(question).to_contain_text("Everybody in the group will read")
        expect(bob.channel("plans")).to_have_count(0)
        question.get_by_role("button", name=answer, exact=True).click()
    bob.to_channel("plans")
    expect(bob.post("a secret")).to_have_count(1)


def test_members_of_a_private_channel_see_an_owner_who_lets_herself_in(
    two: tuple[Board, Board], server: Server
) -> None:
    ann, bob = two
    bob_id = bob.context.request.get(f"{server.url}/api/me").json()["id"]
    ann.context.request.put(
        f"{server.url}/api/groups/{ann.group_id}/members/{bob_id}",
        data={"role": "moderator"},
        headers={"Origin": server.url},
    )
    bob.page.reload()
    bob.make_channel("without ann", "Private")
    expect(bob.page.locator("#empty")).to_be_visible()
    ann.page.reload()
    ann.page.locator("#channels li").filter(has_text="without ann").get_by_role("button").click()
    expect(bob.page.locator("#notices")).to_contain_text("Ann has entered this channel")


def test_older_posts_are_fetched_when_scrolling_back(ann: Board) -> None:
    ann.write_many([f"post number {number}." for number in range(1, 71)])
    expect(ann.post("post number 70.")).to_be_in_viewport()
    expect(ann.post("post number 1.")).to_have_count(0)
    ann.page.locator("#scroller").press("Home")
    expect(ann.post("post number 1.")).to_have_count(1)
    ann.shows([f"post number {number}." for number in range(1, 71)])
