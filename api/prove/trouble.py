"""Cuts connections, kills workers and restarts the server while events go on."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from api.prove.client import Client
from api.prove.instance import Instance
from api.prove.plan import Options, Progress, Unfinished

AWAY_EVENTS = 100  # that a cut client misses at most before it comes back
REPLACED_WITHIN_S = 30
LOOK_EVERY_S = 0.05


async def cut(client: Client, options: Options, progress: Progress) -> None:
    """Cut a client's connection again and again; it comes back some events later."""
    draw = options.random("away", client.name)
    for at in options.moments(options.cuts, "cuts", client.name):
        await progress.reach(at)
        await client.connected.wait()
        client.may_return.clear()
        client.cut()
        await progress.reach(progress.answered + draw.randint(0, AWAY_EVENTS))
        client.may_return.set()


async def disturb(instance: Instance, options: Options, progress: Progress) -> None:
    """Kill workers and restart the server, at moments drawn from the seed."""
    draw = options.random("which worker")
    plan = [(at, False) for at in options.moments(options.kills, "kills")]
    plan += [(at, True) for at in options.moments(options.restarts, "restarts")]
    for at, is_restart in sorted(plan):
        await progress.reach(at)
        if is_restart:
            await asyncio.to_thread(instance.stop)
            await asyncio.to_thread(instance.start)
        else:
            pids = await all_workers(instance)
            with suppress(ProcessLookupError):
                os.kill(draw.choice(pids), signal.SIGKILL)


async def all_workers(instance: Instance) -> Sequence[int]:
    """The process ids of all workers, once the dead are replaced."""
    deadline = time.monotonic() + REPLACED_WITHIN_S
    while len(pids := instance.worker_pids()) < instance.workers:
        await asyncio.sleep(LOOK_EVERY_S)
        if time.monotonic() > deadline:
            raise Unfinished("A killed worker was not replaced.")
    return pids
