"""Tells whoever asks how the server sees her, which shows what a proxy in between tells it."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from quart import Blueprint, Response, request
from quart_schema import document_response
from typing_extensions import TypedDict

from api.live.stream import EVENT_STREAM, event_stream
from api.middleware.auth import public

seen = Blueprint("seen", __name__)

SAID_AGAIN_AFTER_S = 1


class SeenView(TypedDict):
    """`address` is where the request comes from, `scheme` and `host` are what it asked for."""

    address: str
    scheme: str
    host: str


@seen.get("/health/seen")
@public
@document_response(SeenView)
async def show() -> SeenView | Response:
    """How the server sees whoever asks.

    Who accepts `text/event-stream` only is told twice, with a second in between: what lies between
    holds events back if both come at once.
    """
    view: SeenView = {
        "address": request.remote_addr or "",
        "scheme": request.scheme,
        "host": request.host,
    }
    if request.accept_mimetypes.best == EVENT_STREAM:
        return event_stream(_twice(view))
    return view


async def _twice(view: SeenView) -> AsyncIterator[str]:
    event = f"data: {msgspec.json.encode(view).decode()}\n\n"
    yield event
    await asyncio.sleep(SAID_AGAIN_AFTER_S)
    yield event
