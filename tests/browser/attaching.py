"""Attaching files to what is being written."""

from collections.abc import Sequence

from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.board import Board

UPLOADS = "**/api/files"


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
