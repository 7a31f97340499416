"""`GET /api/live` as a WebSocket."""

import logging
from typing import cast

from quart import Blueprint, Websocket, websocket

from api.context import services
from api.live.connection import Connection
from api.live.protocol import Close
from api.middleware.auth import cookie_of
from api.middleware.cors import is_allowed

log = logging.getLogger(__name__)

live = Blueprint("live", __name__)


@live.websocket("/live")
async def follow() -> None:
    """The cookie counts only with an allowed Origin; a token in `hello` counts from anywhere."""
    running = services()
    origin, cookie = websocket.headers.get("Origin"), cookie_of(websocket)
    foreign = cookie is not None and not (origin and is_allowed(origin, websocket))
    asked = cast(Websocket, websocket._get_current_object())  # type: ignore[attr-defined] # of the proxy
    await websocket.accept()
    connection = Connection(asked, running, cookie, is_foreign=foreign)
    running.connections.add(connection)
    if running.is_stopping:
        connection.stop(among=len(running.connections))
    try:
        await connection.run()
    except Exception:
        log.exception("a live connection failed")
        await asked.close(Close.BUG)
    finally:
        running.connections.discard(connection)
