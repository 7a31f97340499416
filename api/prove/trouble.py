"""Cuts connections, kills workers, and does harm to whole nodes while events go on."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from random import Random

from api.prove.client import Client
from api.prove.instance import Instance
from api.prove.plan import Options, Progress, Unfinished
from api.prove.redis_server import RedisServer

AWAY_EVENTS = 100  # that a cut client misses at most before it comes back; and Redis
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


async def disturb(nodes: Sequence[Instance], options: Options, progress: Progress) -> None:
    """Kill workers and nodes and restart nodes, at moments drawn from the seed."""
    draw = options.random("to whom")
    harms = ((kill_worker, options.kills), (restart, options.restarts), (crash, options.crashes))
    plan = [(at, harm) for harm, count in harms for at in options.moments(count, harm.__name__)]
    for at, harm in sorted(plan, key=itemgetter(0)):
        await progress.reach(at)
        free = [node for node in nodes if not node.alone.locked()]
        node = draw.choice(free or nodes)
        async with node.alone:
            await harm(node, draw)


async def kill_worker(node: Instance, draw: Random) -> None:
    pids = await all_workers(node)
    with suppress(ProcessLookupError):
        os.kill(draw.choice(pids), signal.SIGKILL)


async def restart(node: Instance, _: Random) -> None:
    await asyncio.to_thread(node.stop)
    await asyncio.to_thread(node.start)


async def crash(node: Instance, _: Random) -> None:
    await asyncio.to_thread(node.crash)
    await asyncio.to_thread(node.start)


async def silence(nodes: Sequence[Instance], options: Options, progress: Progress) -> None:
    """Let all packets between one of the nodes and the database vanish for a while."""
    draw = options.random("silent")
    for at in options.moments(options.silences, "silences"):
        await progress.reach(at)
        node = draw.choice(nodes)
        assert node.wire
        async with node.alone:
            node.wire.cut()
            await asyncio.sleep(options.silent_for_s)
            node.wire.mend()


async def restart_redis(redis: RedisServer, options: Options, progress: Progress) -> None:
    """Kill Redis in the middle, and start it again some events later."""
    await progress.reach(options.events // 2)
    redis.close()
    await progress.reach(progress.answered + AWAY_EVENTS)
    redis.start()


async def update(nodes: Sequence[Instance], options: Options, progress: Progress) -> None:
    """Bring the nodes up to this release, one by one."""
    moments = options.moments(len(nodes), "updates") if options.update_from else []
    for at, node in zip(moments, nodes, strict=False):
        await progress.reach(at)
        node.program = options.program
        async with node.alone:
            await restart(node, options.random("update"))


async def all_workers(instance: Instance) -> Sequence[int]:
    """The process ids of all workers, once the dead are replaced."""
    deadline = time.monotonic() + REPLACED_WITHIN_S
    while len(pids := instance.worker_pids()) < instance.workers:
        await asyncio.sleep(LOOK_EVERY_S)
        if time.monotonic() > deadline:
            raise Unfinished("A killed worker was not replaced.")
    return pids
