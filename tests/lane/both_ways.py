"""A client that asks everything through the lane, and then around it: the answers are the same."""

import gzip
import re
import secrets
from typing import Any, cast

from quart import Request, Response
from quart.testing import QuartClient
from werkzeug.datastructures import Headers

from api.adapters.quart import FinishingHTTPConnection
from api.context import services
from api.lane import LaneConnection
from api.middleware.auth import bearer_token
from model.session import find_caller
from tests.support.people import Visitor

HEADER = "X-Request-Id"
OF_WHAT_IS_MADE = re.compile(rb'"(id|reply_count)":[0-9]+|"created_at":"[^"]+"')
ROUTES = {  # with the ids that the cast has, and the first post
    "health.live": "GET /health",
    "me.show": "GET /api/me",
    "channels.index": "GET /api/groups/1/channels",
    "posts.index": "GET /api/channels/1/posts",
    "posts.create": "POST /api/channels/1/posts",
    "posts.show": "GET /api/posts/1",
}


class EitherWay(LaneConnection):
    """Goes around the lane where the scope says so, and notes there when Quart answers."""

    async def __call__(self, receive: Any, send: Any) -> None:
        if "is_around" in self.scope:
            await FinishingHTTPConnection.__call__(self, receive, send)
        else:
            await super().__call__(receive, send)

    async def handle_request(self, request: Request, send: Any) -> None:
        cast(Any, self.scope)["is_by_quart"] += [True]
        await super().handle_request(request, send)


class BothWays(QuartClient):
    """Of an application whose connections are `EitherWay`. What the lane declines is asked once."""

    answered_by_lane = 0

    async def open(self, path: str, **asked: Any) -> Response:
        headers = Headers(asked.pop("headers", None))
        headers.setdefault(HEADER, secrets.token_hex(8))
        await self._let_in(bearer_token(headers.get("Authorization", "")))
        await self._let_in(headers.get("Cookie", "").partition("=")[2])
        is_by_quart: list[bool] = []
        scope = {**(asked.pop("scope_base", None) or {}), "is_by_quart": is_by_quart}
        answer = await super().open(path, headers=headers, scope_base=scope, **asked)
        if not is_by_quart:
            type(self).answered_by_lane += 1
            around = {**scope, "is_around": True}
            other = await super().open(path, headers=headers, scope_base=around, **asked)
            assert await told(answer) == await told(other), (path, scope, asked, headers)
        return answer

    async def _let_in(self, token: str) -> None:
        """The lane is for those whom the worker knows: here also for whoever was just refused."""
        running = services(self.app)
        async with running.database.read() as db:
            if found := await find_caller(db, token):
                running.recent_callers.remember(token, found)


async def told(answer: Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer, but what cannot be the same when something is made twice."""
    body = await answer.get_data(as_text=False)
    headers = sorted((name.lower(), value) for name, value in answer.headers.items())
    headers.remove(("x-request-id", request_id := answer.headers[HEADER]))
    body = body.replace(request_id.encode(), b"")
    if answer.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)  # padded at random
        headers = [named for named in headers if named[0] != "content-length"]
    if answer.status_code == 201:
        body = OF_WHAT_IS_MADE.sub(b"", body)
        headers = [(name, re.sub("[0-9]+$", "", value)) for name, value in headers]
    return answer.status_code, headers, body


async def ask(
    who: Visitor, route: str, *, headers: dict[str, str] | None = None, **asked: Any
) -> bool:
    """Ask a route both ways, as usual but for what is given; whether the lane has answered."""
    method, _, path = ROUTES.get(route, route).partition(" ")
    usual = dict(who.headers)
    if method == "POST":
        usual["Content-Type"] = "application/json"
        asked.setdefault("data", b'{"text": "Hi"}')
    before = BothWays.answered_by_lane
    client: Any = who.client
    await client.open(path, **{"method": method, "headers": usual | (headers or {}), **asked})
    return BothWays.answered_by_lane > before
