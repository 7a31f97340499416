"""A browser that was somebody's is nobody's for the next."""

from playwright.sync_api import BrowserContext, Page

from tests.browser.contexts import Contexts
from tests.support.server import Server


def opened(context: BrowserContext, server: Server) -> Page:
    page = context.new_page()
    page.goto(f"{server.url}/sign-in")
    return page


def test_whoever_takes_a_browser_finds_nothing_of_who_had_it(
    contexts: Contexts, server: Server
) -> None:
    context = contexts.take()
    page = opened(context, server)
    page.evaluate("localStorage.kept = document.cookie = 'hers=1'")
    context.route("**/sign-in", lambda route: route.abort())
    context.set_offline(True)
    contexts.give_back(context)
    assert contexts.take() is context
    page = opened(context, server)
    assert page.evaluate("localStorage.length") == 0
    assert context.cookies() == []
    contexts.give_back(context)
