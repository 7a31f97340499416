"""Whoever asks is told how the server sees her."""

import pytest
from quart import Quart

from api.settings import Settings
from tests.api.browser import browser

PROXY, CLIENT = "10.0.0.2", "203.0.113.9"
FORWARDED = {
    "X-Forwarded-For": CLIENT,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "class.example.org",
}
AS_FORWARDED = {"address": CLIENT, "scheme": "https", "host": "class.example.org"}

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"trusted_proxies": ["10.0.0.0/24"]})


async def test_a_proxy_is_believed_and_nobody_else(app: Quart) -> None:
    behind = browser(app, address=PROXY, headers=FORWARDED)
    assert (await behind.ask("GET", "/health/seen")).body == AS_FORWARDED
    alone = browser(app, address=CLIENT, headers=FORWARDED | {"X-Forwarded-For": PROXY})
    seen = {"address": CLIENT, "scheme": "http", "host": "localhost"}
    assert (await alone.ask("GET", "/health/seen")).body == seen
