"""For whoever watches the server."""

from quart import Quart

from tests.api.browser import SESSION, browser
from tests.support.people import Visitor


async def test_anybody_may_ask_whether_it_lives_and_is_ready(app: Quart, visitor: Visitor) -> None:
    for path in ("/health", "/ready"):
        assert await visitor.get(path) == {"status": "ok"}
        wrong = browser(
            app, headers={"Authorization": "Bearer wrong", "Cookie": f"{SESSION}=wrong"}
        )
        assert (await wrong.ask("GET", path)).status == 200
        assert (await visitor.ask("HEAD", path)).status == 200
