"""Browsers of somebody's own, lent to one test after the other with what they have cached.

To fetch all modules of the board anew took a third of the time of a test. An empty page stays open
in each, so that its process stays, which knows these modules: that saves a tenth.
"""

from playwright.sync_api import Browser, BrowserContext, Page


class Contexts:
    """Those of one browser that nobody uses."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: list[BrowserContext] = []
        self._empty_page: dict[BrowserContext, Page] = {}

    def take(self) -> BrowserContext:
        return self._free.pop() if self._free else self._browser.new_context()

    def give_back(self, context: BrowserContext) -> None:
        """Forget all but the cache: who is signed in, what pages store, what a test has set."""
        if context not in self._empty_page:
            self._empty_page[context] = context.new_page()
        stays = self._empty_page[context]
        for page in context.pages:
            if page != stays:
                page.close()
        devtools = context.new_cdp_session(stays)
        everything = {"origin": "*", "storageTypes": "all"}
        devtools.send("Storage.clearDataForOrigin", everything)
        devtools.detach()
        context.unroute_all()
        context.set_offline(False)
        self._free.append(context)
