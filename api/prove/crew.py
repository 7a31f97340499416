"""Tasks that belong together: when one fails, all end."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

Task = asyncio.Task[Any]


class Crew:
    """`async with Crew() as crew`: at the end whoever still works is cancelled."""

    def __init__(self) -> None:
        self._tasks: set[Task] = set()

    async def __aenter__(self) -> "Crew":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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
            for task in done:
                task.result()
