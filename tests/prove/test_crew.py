"""The tasks of a proof end together."""

import asyncio
from contextlib import suppress

from api.prove.crew import Crew


async def test_who_has_lost_a_cancellation_is_cancelled_again() -> None:
    """It takes the second that is waited before."""

    async def loses_the_first() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async with asyncio.timeout(20), Crew() as crew:
        (task,) = crew.start(loses_the_first())
        await asyncio.sleep(0)
    assert task.cancelled()
