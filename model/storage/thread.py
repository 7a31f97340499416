"""Work in a thread that is done with what it works on when its caller goes on, however it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar, TypeVarTuple


class Closed(Protocol):
    def close(self) -> None: ...


T = TypeVar("T")
Opened = TypeVar("Opened", bound=Closed)
Ts = TypeVarTuple("Ts")


async def in_thread(work: Callable[[*Ts], T], *values: *Ts) -> T:
    """Work in a thread, and wait until that has ended even when nobody wants it any more."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *values))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


@asynccontextmanager
async def opened_in_thread(opening: Callable[[*Ts], Opened], *values: *Ts) -> AsyncIterator[Opened]:
    """What a thread opens, until the end of the block, where a thread closes it.

    That is so, too, when nobody wants it any more while it is being opened.
    """
    task = asyncio.ensure_future(asyncio.to_thread(opening, *values))
    try:
        yield await asyncio.shield(task)
    finally:
        if not task.done():
            await asyncio.wait({task})
        if task.exception() is None:
            await in_thread(task.result().close)
