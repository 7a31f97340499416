"""The proof: a stage, clients, writers and trouble; then a look at what every client has."""

import asyncio
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

from api.prove.client import Client
from api.prove.crew import Crew
from api.prove.nodes import Nodes, serving
from api.prove.plan import Options, Progress, Unfinished
from api.prove.record import Record
from api.prove.report import Report
from api.prove.rights import Rights
from api.prove.stage import set_up
from api.prove.trouble import cut, disturb, silence, update
from api.prove.verdict import judge
from api.prove.writer import write
from api.server.worker import run_in_loop

CONNECTED_WITHIN_S = 60
SETTLED_AFTER_S = 0.5  # memory; and whatever comes twice comes by then
PATIENCE_S = 10  # nothing has come for so long: the rest is lost
LOOK_EVERY_S = 0.05
FIRST = 0.2  # of the clients: what is loaded at first use is not memory of a connection
MIN_MEASURED = 20  # connections; fewer say nothing


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
    record, progress = Record(), Progress(options.events, told)
    stage = await set_up(nodes.doors, nodes.first_token, options.clients)
    live = await stage.live()
    clients = [
        Client(f"client {number}", person, stage, record, live, number)
        for number, person in zip(range(options.clients), cycle(stage.people), strict=False)
    ]
    rights = Rights(options, progress, stage, clients, record)
    async with Crew() as crew:
        memory = await connect(clients, nodes, crew)
        began = time.monotonic()
        crew.start(*(cut(client, options, progress) for client in clients))
        await crew.finish(
            crew.start(
                *(write(each, options, stage, progress, record) for each in range(options.writers)),
                rights.run(),
                disturb(nodes.each, options, progress),
                silence(nodes.each[1:], options, progress),
                update(nodes.each, options, progress),
            )
        )
        heads = await stage.heads()
        await crew.finish(crew.start(settle(clients, heads, record)))
        seconds = time.monotonic() - began
    places = {client.name: client.places for client in clients}
    return Report(
        options=options,
        verdict=judge(record, places, live["topics"], heads),
        record=record,
        seconds=seconds,
        memory=memory,
        connections=sum(client.connections for client in clients),
        cuts=sum(client.cuts for client in clients),
        removals=rights.taken,
        failed_twice=stage.doors.failed_twice,
    )


def stop_at_sigterm() -> None:
    """Treat SIGTERM as Ctrl-C. An exception raised anywhere in the loop may get lost."""
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def connect(clients: Sequence[Client], nodes: Nodes, crew: Crew) -> float | None:
    """Connect the clients; returns the bytes a connection takes, where that can be told."""
    first = max(1, int(len(clients) * FIRST))
    count = len(clients) - first
    await connect_all(clients[:first], crew)
    before = await settled_memory(nodes) if count >= MIN_MEASURED else None
    await connect_all(clients[first:], crew)
    if before is None or (after := await settled_memory(nodes)) is None:
        return None
    return (after - before) / count


async def settled_memory(nodes: Nodes) -> int | None:
    await asyncio.sleep(SETTLED_AFTER_S)
    return nodes.memory()


async def connect_all(clients: Sequence[Client], crew: Crew) -> None:
    crew.start(*(client.run() for client in clients))
    try:
        async with asyncio.timeout(CONNECTED_WITHIN_S):
            await crew.finish(crew.start(*(client.connected.wait() for client in clients)))
    except TimeoutError:
        raise Unfinished("The clients could not connect.") from None


async def settle(clients: Sequence[Client], heads: Mapping[str, int], record: Record) -> None:
    """Wait until everybody has everything, or nothing comes any more."""
    came, at = record.deliveries, time.monotonic()
    while not all(client.has(heads) for client in clients):
        await asyncio.sleep(LOOK_EVERY_S)
        if record.deliveries > came:
            came, at = record.deliveries, time.monotonic()
        elif time.monotonic() - at > PATIENCE_S:
            return
    await asyncio.sleep(SETTLED_AFTER_S)
