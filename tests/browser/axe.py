"""What axe finds wrong with a page for who sees it badly or not: on a phone in dark, and in light.

An open dialog is judged alone: nobody can do anything with what is behind it.
"""

import os
from typing import Literal

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.support.server import ROOT

AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
IN_CI = os.environ.get("CI") == "true"
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
RUN = """async () => {
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  const { violations } = await axe.run(dialog ?? document, { resultTypes: ["violations"] });
  const of = ({ target, any, all, none }) =>
    [target.join(" "), ...[any, all, none].flat().map(({ message }) => message)].join(": ");
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${of(node)}`));
}"""

needs_axe = pytest.mark.skipif(
    not IN_CI and not AXE.exists(),
    reason="not there, as `npm ci --prefix tests/clients` installs it: axe",
)


def _bring_axe(page: Page) -> None:
    """It is run by the browser itself, which asks no policy of the page."""
    if page.evaluate("'axe' in window"):
        return
    devtools = page.context.new_cdp_session(page)
    devtools.send("Runtime.evaluate", {"expression": AXE.read_text()})
    devtools.detach()


def violations(page: Page) -> list[str]:
    """Of the open dialog, or else of the page: the rule, the place, and what is wrong there."""
    _bring_axe(page)
    on_phone = _in(page, "dark", PHONE)
    return [*on_phone, *_in(page, "light", WIDE)]


def _in(page: Page, scheme: Literal["dark", "light"], size: ViewportSize) -> list[str]:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size(size)
    return [f"{scheme}: {found}" for found in page.evaluate(RUN)]
