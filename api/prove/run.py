"""The proof: a stage, and what happens there; then a look at what every client has."""

import asyncio
import signal
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

from api.prove.act import Act
from api.prove.backup import Backup
from api.prove.client import Client
from api.prove.nodes import Nodes, serving
from api.prove.plan import Options
from api.prove.report import Report
from api.prove.stage import set_up
from api.prove.verdict import total
from api.server.worker import run_in_loop


def prove(options: Options, told: Callable[[], None]) -> Report:
    """Run a proof and leave nothing behind; `told` counts answered posts. Raises Unfinished."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="homeroom-prove-"))
        nodes = stack.enter_context(serving(options, Path(folder)))
        try:
            return run_in_loop(run(options, nodes, told))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


async def run(options: Options, nodes: Nodes, told: Callable[[], None]) -> Report:
    stop_at_sigterm()
    stage = await set_up(nodes.doors, nodes.first_token, options.clients)
    stage.doors.failed_twice = 0  # where many sign up at once, some are asked to wait
    live = await stage.live()
    clients = [
        Client(f"client {number}", person, live, number)
        for number, person in zip(range(options.clients), cycle(stage.people), strict=False)
    ]
    if options.backup:
        first, second = options.halves()
        backup = Backup(nodes.each)
        outcomes = [await Act(first, nodes, stage, clients, told).perform(backup.make)]
        stage = await backup.restore(stage)
        outcomes.append(await Act(second, nodes, stage, clients, told).perform())
        verdicts = [backup.judge(clients, outcomes[1].record)]
    else:
        outcomes, verdicts = [await Act(options, nodes, stage, clients, told).perform()], []
    return Report(
        options=options,
        outcomes=outcomes,
        verdict=total([*(outcome.verdict for outcome in outcomes), *verdicts]),
        connections=sum(client.connections for client in clients),
        cuts=sum(client.cuts for client in clients),
        failed_twice=stage.doors.failed_twice,
    )


def stop_at_sigterm() -> None:
    """Treat SIGTERM as Ctrl-C. An exception raised anywhere in the loop may get lost."""
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
