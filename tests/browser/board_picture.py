"""Draws static/board.png, the picture of the README: `python -m tests.browser.board_picture`.

It shows what `python main.py demo` makes, with a few of the class in front of it.
"""

import os
import re
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.server import ROOT, Server

PICTURE = ROOT / "static" / "board.png"
SIZE: ViewportSize = {"width": 1280, "height": 800}
AFTER_SCHOOL = 14  # o'clock


def zone_after_school() -> str:
    """A time zone in which it is early afternoon now."""
    return f"Etc/GMT{datetime.now(UTC).hour - AFTER_SCHOOL:+}"


def board_of(browser: Browser, server: Server, username: str, password: str) -> Page:
    zone = os.environ["TZ"]
    page = browser.new_context(viewport=SIZE, locale="en-GB", timezone_id=zone).new_page()
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.locator("#connection")).to_have_text("Live")
    page.locator("#channels li", has_text="field trip").locator("a").click()
    expect(page.locator("#channel-name")).to_have_text("field trip")
    return page


def draw(browser: Browser, server: Server, password: str) -> None:
    page = board_of(browser, server, "jonas", password)
    *_, mia = [board_of(browser, server, name, password) for name in ("amara", "lindqvist", "mia")]
    expect(page.locator("#here")).to_contain_text("2 others")
    page.locator(".post", has_text="What grows at the pond").get_by_text("3 replies").click()
    for picture in page.locator(".files img").all():
        expect(picture).to_have_js_property("complete", True)
    mia.locator("#text").press_sequentially("I bring")
    expect(page.locator("#typing .typing-shown")).to_contain_text("Mia")
    page.locator("#text").focus()
    page.mouse.move(0, 0)
    page.screenshot(path=PICTURE)
    make_small(PICTURE)


def make_small(picture: Path) -> None:
    """With 256 colours, which nobody tells from all, it is a third as large."""
    with Image.open(picture) as drawn:
        few = drawn.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


def main() -> None:
    assert CHROMIUM, "the picture needs chromium on the PATH"
    os.environ["TZ"] = zone_after_school()
    time.tzset()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "instance")
        filled = server.run("demo")
        assert filled.exit_code == 0, filled.output
        (password,) = re.findall("for this run: (.+)", filled.output)
        server.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                draw(browser, server, password)
                browser.close()
        finally:
            server.close()


if __name__ == "__main__":
    main()
