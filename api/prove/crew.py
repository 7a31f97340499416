"""Tasks that belong together: when one fails, all end."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

Task = asyncio.Task[Any]

CANCELLED_AGAIN_AFTER_S = 1


class Crew:
    """`async with Crew() as crew`: at the end whoever still works is cancelled.

    Again and again: a cancellation is lost where a connection breaks in that moment.
    """

    def __init__(self) -> None:
        self._tasks: set[Task] = set()

    async def __aenter__(self) -> "Crew":
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            done, self._tasks = await asyncio.wait(self._tasks, timeout=CANCELLED_AGAIN_AFTER_S)
            for task in done:
                task.cancelled() or task.exception()  # it is known now, and nobody asks for it

    def start(self, *work: Coroutine[Any, Any, Any]) -> list[Task]:
        started = [asyncio.create_task(each) for each in work]
        self._tasks.update(started)
        return started

    async def finish(self, tasks: Iterable[Task]) -> None:
        """Returns when all of them are done; raises what any task of the crew has raised."""
        left = set(tasks)
        while left:
            done, self._tasks = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            left -= done
            if failed := [task for task in done if task.cancelled() or task.exception()]:
                failed[0].result()
