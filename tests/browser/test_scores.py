"""The scores of a channel: the table of a game, live, with one's own row, and to save."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

from tests.browser.board import Board


def ranking(board: Board) -> Locator:
    return board.page.locator("#scores > tr")


@contextmanager
def unreachable(page: Page, address: str) -> Iterator[None]:
    page.route(address, lambda route: route.abort())
    yield
    page.unroute(address)


def play(board: Board, points: int, game: str = "snake") -> int:
    path = board.posts_path.replace("/posts", "/scores")
    return int(board.ask(path, {"game": game, "points": points})["id"])


def test_the_table_of_a_game_is_live_marks_ones_own_row_and_is_saved(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    opening = bob.page.get_by_role("button", name="Scores")
    expect(opening).to_be_hidden()
    play(ann, 1200)
    with unreachable(bob.page, "**/scores.js"):
        bob.page.reload()
        opening.press("Enter")
        expect(bob.page.locator("#notices")).to_contain_text("This could not be loaded.")
    opening.press("Enter")
    dialog = bob.page.get_by_role("dialog", name="Scores in general")
    expect(dialog).to_be_visible()
    expect(ranking(bob)).to_have_text([re.compile(r"1\s*A?\s*Ann\s*1,200")])
    play(bob, 70)
    own = play(bob, 1200)
    expect(ranking(bob)).to_have_text([re.compile("^1.*Ann"), re.compile(r"^1.*Bob \(you\)")])
    expect(bob.page.locator("#scores > .own")).to_contain_text("Bob")
    ann.ask(f"/scores/{own}", method="DELETE")
    expect(ranking(bob)).to_have_text([re.compile("^1.*Ann"), re.compile("^2.*Bob.*70")])
    with bob.page.expect_download() as download:
        dialog.get_by_role("link", name="Save as CSV").click()
    assert download.value.suggested_filename == "general, snake.csv"
    assert "2,Bob,70," in download.value.path().read_text()
    play(ann, 3, "chess")
    games = dialog.get_by_label("Game")
    expect(games.locator("option")).to_have_text(["chess", "snake"])
    games.select_option("chess")
    expect(ranking(bob)).to_have_text([re.compile("^1.*Ann.*3")])
    bob.page.set_viewport_size({"width": 390, "height": 760})
    assert dialog.evaluate("(shown) => shown.scrollWidth <= shown.clientWidth")
    bob.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opening).to_be_focused()
    bob.is_back()
    bob.page.evaluate("location.hash += '&scores=unplayed'")
    expect(dialog.get_by_text("Nobody has a score here.")).to_be_visible()
    expect(games).to_have_value("unplayed")
    bob.page.go_back()
    expect(dialog).to_be_hidden()
