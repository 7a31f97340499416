"""Not alone before the board: who is here, who is typing, and what a page missed meanwhile."""

from dataclasses import replace

from playwright.sync_api import WebSocketRoute, expect

from tests.browser.board import Board
from tests.support.proxy import Proxy
from tests.support.server import Server

LEFT_WITHIN_MS = 60_000  # leaving lingers, so that a reload is no farewell
TRIED_AGAIN_WITHIN_MS = 40_000  # a try of 20 s, and a pause of 8


def test_who_looks_at_the_channel_is_here_for_the_others_until_they_leave(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    expect(ann.here).to_have_text("Bob is here")
    expect(bob.here).to_have_text("Ann is here")
    expect(ann.page.locator("#members-here")).to_have_text("2 here")
    ann.here.click()
    of_bob = ann.page.locator("#people li").filter(has_text="Bob")
    expect(of_bob).to_contain_text("here now")
    bob.page.close()
    expect(of_bob).not_to_contain_text("here now", timeout=LEFT_WITHIN_MS)
    expect(ann.here).to_be_hidden(timeout=LEFT_WITHIN_MS)
    expect(ann.page.locator("#members-here")).to_have_text("")


def test_who_types_is_named_to_the_others_for_a_while(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.get_a_clock()
    ann.stop_the_clock()
    bob.page.locator("#text").press_sequentially("I th")
    expect(ann.typing).to_have_text("Bob is typing")
    expect(ann.page.locator("#typing [role=status]")).to_have_text("Bob is typing")
    expect(bob.typing).to_have_text("")
    ann.page.clock.run_for(6_000)
    expect(ann.typing).to_have_text("")
    expect(ann.page.locator("#typing [role=status]")).to_have_text("")


def test_who_was_typing_is_not_when_the_post_is_there(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.get_a_clock()
    ann.stop_the_clock()
    bob.page.locator("#text").press_sequentially("I think")
    expect(ann.typing).to_have_text("Bob is typing")
    bob.page.locator("#text").press("Enter")
    expect(ann.post("I think")).to_have_count(1)
    expect(ann.typing).to_have_text("")


def test_who_types_a_reply_is_named_beside_the_replies_only(two: tuple[Board, Board]) -> None:
    ann, bob = two
    ann.get_a_clock()
    ann.write("Who brings the cake?")
    for board in two:
        board.act(board.post("cake"), "Reply")
        expect(board.page.locator("#thread-empty")).to_be_visible()
    ann.stop_the_clock()
    bob.page.get_by_label("Write a reply").press_sequentially("Per")
    expect(ann.page.locator("#thread-typing .typing-shown")).to_have_text("Bob is typing")
    expect(ann.typing).to_have_text("")


def test_a_machine_that_slept_catches_up_as_soon_as_it_wakes(two: tuple[Board, Board]) -> None:
    ann, bob = two
    connections: list[WebSocketRoute] = []
    dead: list[WebSocketRoute] = []

    def connect(page: WebSocketRoute) -> None:
        """A network in which a connection can die without a word."""
        connections.append(page)
        server = page.connect_to_server()
        page.on_message(lambda text: None if page in dead else server.send(text))
        server.on_message(lambda text: None if page in dead else page.send(text))

    bob.install_a_clock()
    bob.page.route_web_socket("**/api/live", connect)
    bob.page.reload()
    bob.is_live()
    ann.write("before")
    expect(bob.post("before")).to_have_count(1)
    dead.extend(connections)
    for number in range(3):
        ann.write(f"missed {number}")
        expect(ann.post(f"missed {number}")).to_have_count(1)
    expect(bob.post("missed")).to_have_count(0)
    bob.page.clock.fast_forward(40_000)
    bob.shows(["before", "missed 0", "missed 1", "missed 2"])
    bob.is_live()


def test_a_frozen_page_catches_up_after_a_restart_that_it_never_saw(
    two: tuple[Board, Board], server: Server
) -> None:
    ann, bob = two
    session = bob.context.new_cdp_session(bob.page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    server.stop()
    server.start()
    ann.is_live()
    ann.write("while bob's page was frozen")
    expect(ann.post("frozen")).to_have_count(1)
    session.send("Page.setWebLifecycleState", {"state": "active"})
    bob.shows(["while bob's page was frozen"])
    bob.is_live()


def test_a_network_that_freezes_is_noticed_in_ten_seconds_and_all_goes_on_soon_after_it(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    ann.make_channel("homework")
    ann.write("7 times 8?")
    ann.to_channel("general")
    ann.write("before")
    with Proxy(bob.server.url) as network:
        bob.install_a_clock()
        bob.server = replace(bob.server, port=int(network.url.rpartition(":")[2]))
        bob.sign_in("bob")
        expect(bob.post("before")).to_have_count(1)
        bob.is_live()
        network.go_dark()
        bob.write("from the tunnel")
        expect(bob.page.locator("#pending")).to_contain_text("Sending")
        bob.to_channel("homework")
        for _ in range(2):
            expect(bob.connection).to_have_text("Live")
            bob.page.clock.run_for(5_000)
        expect(bob.connection).not_to_have_text("Live")
        bob.page.clock.run_for(60_000)
        network.come_back()
        network.hang_up()  # else a browser tries each of six connections for 20 s
        bob.page.clock.run_for(60_000)  # what is tried just now is given up, and tried again
        expect(ann.post("from the tunnel")).to_have_count(1, timeout=TRIED_AGAIN_WITHIN_MS)
        bob.is_live()
        bob.page.clock.run_for(30_000)
        expect(bob.post("7 times 8?")).to_have_count(1)
        bob.to_channel("general")
        expect(bob.post("from the tunnel")).to_have_count(1)


def test_a_page_without_a_network_says_so_and_catches_up_when_it_is_back(
    two: tuple[Board, Board], server: Server
) -> None:
    ann, bob = two
    server.stop()
    expect(bob.connection).to_contain_text("Offline")
    expect(bob.here).to_be_hidden()
    bob.context.set_offline(True)
    server.start()
    ann.is_live()
    bob.write("from the train")
    ann.write("from home")
    expect(ann.post("from home")).to_have_count(1)
    expect(bob.page.locator("#pending")).to_contain_text("Sending")
    bob.context.set_offline(False)
    for board in two:
        expect(board.post("from home")).to_have_count(1)
        expect(board.post("from the train")).to_have_count(1)
    bob.is_live()
    expect(bob.page.locator("#pending > .post")).to_have_count(0)
    expect(bob.here).to_have_text("Ann is here")
