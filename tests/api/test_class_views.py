"""Views as classes, as Quart's documentation shows them."""

import weakref
from typing import Any

import pytest
from quart import Quart
from quart.views import MethodView

from api.adapters.application import MAX_KNOWN_FUNCTIONS
from api.middleware.auth import public

made = weakref.WeakSet["Greeting"]()


class Greeting(MethodView):
    """Quart makes one for each request."""

    def __init__(self) -> None:
        made.add(self)

    async def get(self) -> dict[str, Any]:
        return {"hello": "you"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.own_app
async def test_what_is_made_for_a_request_is_not_kept_for_ever(app: Quart) -> None:
    app.add_url_rule("/greeting", view_func=public(Greeting.as_view("greeting")))
    client = app.test_client()
    for _ in range(MAX_KNOWN_FUNCTIONS + 100):
        answer = await client.get("/greeting")
        assert await answer.get_json() == {"hello": "you"}
    assert len(made) <= MAX_KNOWN_FUNCTIONS
