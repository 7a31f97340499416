"""Browsers of somebody's own, lent to one test after the other with what they have cached.

To fetch all modules of the board anew took a third of the time of a test.
"""

from playwright.sync_api import Browser, BrowserContext


class Contexts:
    """Those of one browser that nobody uses."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: list[BrowserContext] = []

    def take(self) -> BrowserContext:
        return self._free.pop() if self._free else self._browser.new_context()

    def give_back(self, context: BrowserContext) -> None:
        """Forget all but the cache: who is signed in, what pages store, what a test has set."""
        blank = context.new_page()
        for page in context.pages:
            if page != blank:
                page.close()
        everything = {"origin": "*", "storageTypes": "all"}
        context.new_cdp_session(blank).send("Storage.clearDataForOrigin", everything)
        blank.close()
        context.unroute_all()
        context.set_offline(False)
        self._free.append(context)
