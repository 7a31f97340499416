"""What a process holds while it serves: nobody restores or moves the database meanwhile."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from api.settings import Settings
from model.database.failure import FAILURES
from model.database.lock import InUse, serving

log = logging.getLogger(__name__)

_AGAIN_AFTER_S = 1


@asynccontextmanager
async def holding(settings: Settings, stop: Callable[[], None]) -> AsyncIterator[None]:
    """Hold the lock of those who serve. Raises InUse when somebody has the database alone.

    A database that is away is waited for, meanwhile and later; `stop` is called when somebody else
    has taken it then.
    """
    tried: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    keeping = asyncio.create_task(_keep(settings, tried, stop))
    try:
        await tried
        yield
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})


async def _keep(
    settings: Settings, tried: "asyncio.Future[None]", stop: Callable[[], None]
) -> None:
    while True:
        try:
            async with serving(settings.database_address, settings.instance) as until_lost:
                if not tried.done():
                    tried.set_result(None)
                await until_lost()
        except InUse as error:
            if tried.done():
                log.warning("a worker stops: %s", error)
                stop()
            else:
                tried.set_exception(error)
            return
        except FAILURES:
            if not tried.done():
                tried.set_result(None)  # it serves, and says that the database is away
            await asyncio.sleep(_AGAIN_AFTER_S)
