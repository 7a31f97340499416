"""Any application, served within the test as a worker serves ours."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from hypercorn.asyncio import serve

from api.adapters.hypercorn import patch_hypercorn
from api.server.supervisor import listen
from api.server.worker import handed_over, hypercorn_config

STOPPED_WITHIN_S = 10


@asynccontextmanager
async def serving(
    app: Callable[[Any, Any, Any], Awaitable[None]], **config: Any
) -> AsyncIterator[int]:
    """Yields the port. At the end the server stops, which it has to in time."""
    patch_hypercorn()
    listener, is_over = listen("127.0.0.1:0"), asyncio.Event()
    port = listener.getsockname()[1]
    configured = hypercorn_config(handed_over(listener))
    for name, value in config.items():
        setattr(configured, name, value)

    async def without_lifespan(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)

    server = asyncio.create_task(serve(without_lifespan, configured, shutdown_trigger=is_over.wait))
    try:
        yield port
    finally:
        is_over.set()
        await asyncio.wait_for(server, STOPPED_WITHIN_S)
