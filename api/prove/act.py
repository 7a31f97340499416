"""An act of a proof: clients connect, writers write amid trouble, and all comes to rest."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.prove.client import Client
from api.prove.crew import Crew
from api.prove.nodes import Nodes
from api.prove.plan import Options, Progress, Unfinished
from api.prove.record import Record
from api.prove.rights import Rights
from api.prove.stage import Stage
from api.prove.trouble import cut, disturb, restart_redis, silence, update
from api.prove.verdict import Verdict, judge
from api.prove.writer import write

CONNECTED_WITHIN_S = 60
SETTLED_AFTER_S = 0.5  # memory; and whatever comes twice comes by then
PATIENCE_S = 10  # nothing has come for so long: the rest is lost
LOOK_EVERY_S = 0.05
FIRST = 0.2  # of the clients: what is loaded at first use is not memory of a connection
MIN_MEASURED = 20  # connections; fewer say nothing


@dataclass(frozen=True)
class Outcome:
    """What an act has shown. `memory` is in bytes a connection, or None where it is not known."""

    record: Record
    verdict: Verdict
    seconds: float
    memory: float | None
    removals: int


class Act:
    """Clients begin where they are, and connect anew."""

    def __init__(
        self,
        options: Options,
        nodes: Nodes,
        stage: Stage,
        clients: Sequence[Client],
        told: Callable[[], None],
    ) -> None:
        self.options, self.nodes, self.stage, self.clients = options, nodes, stage, clients
        self.record, self.progress = Record(), Progress(options.events, told)
        for client in clients:
            client.begin(stage, self.record)

    async def perform(self, *more: Callable[["Act"], Coroutine[Any, Any, None]]) -> Outcome:
        """Let everything happen, and `more` meanwhile. Raises Unfinished."""
        options, progress, nodes = self.options, self.progress, self.nodes.each
        redis = [self.nodes.redis] if self.nodes.redis else []
        rights = Rights(options, progress, self.stage, self.clients, self.record)
        async with Crew() as crew:
            start = await self.stage.heads()
            memory = await connect(self.clients, self.nodes, crew)
            began = time.monotonic()
            crew.start(*(cut(client, options, progress) for client in self.clients))
            await crew.finish(
                crew.start(
                    *(
                        write(number, options, self.stage, progress, self.record)
                        for number in range(options.writers)
                    ),
                    rights.run(),
                    disturb(nodes, options, progress),
                    silence(nodes[1:], options, progress),
                    update(nodes, options, progress),
                    *(restart_redis(of, options, progress) for of in redis),
                    *(each(self) for each in more),
                )
            )
            heads = await self.stage.heads()
            await crew.finish(crew.start(settle(self.clients, heads, self.record)))
            seconds = time.monotonic() - began
        places = {client.name: client.places for client in self.clients}
        verdict = judge(self.record, places, start, heads)
        return Outcome(self.record, verdict, seconds, memory, rights.taken)


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
