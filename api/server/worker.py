"""One worker process: serves on the socket it was handed until it is told to stop."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from api.adapters.application import Homeroom
from api.adapters.hypercorn import patch_hypercorn
from api.app import close_connections, create_app
from api.context import services
from api.server.descriptors import most_for_connections
from api.server.heartbeat import Heartbeat
from api.server.holding import holding
from api.settings import Settings
from model.database.lock import InUse
from model.live.bus import Bus, Datagrams

log = logging.getLogger(__name__)

try:
    import uvloop
except ImportError:  # Windows
    uvloop = None  # type: ignore[assignment]

T = TypeVar("T")

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
READY = b"R"
GRACE_S = 20  # for requests in flight when the server stops
KEEP_ALIVE_S = 15  # also the limit for slow heads of requests
MAX_MESSAGE_BYTES = 256 * 1024


Pair = tuple[socket.socket, socket.socket]  # to read, to write


@dataclass
class Place:
    """What the supervisor hands to a worker, which inherits its descriptors."""

    index: int
    settings: Settings
    listener: socket.socket
    hints: Sequence[Pair]  # of all workers
    ephemera: Sequence[Pair]  # of all workers: signals and presence
    lifeline: tuple[int, int]  # the end to read is at its end once the supervisor is gone
    ready: int  # to be told that the worker serves
    heartbeat: Heartbeat


def run_worker(app: Homeroom, place: Place) -> None:
    """Serve an application that was made before the fork: so the workers share its memory.

    The supervisor has blocked the signals, so that none comes too early.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the supervisor passes it on
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    os.close(place.lifeline[1])
    patch_hypercorn(most_for_connections())
    hints, ephemera = (datagrams_of(place.index, of) for of in (place.hints, place.ephemera))
    app.bus = Bus(hints, ephemera, app.bus.link)
    app.worker = app.worker.numbered(place.index)
    app.meter.begin(place.index)
    try:
        run_in_loop(serve_until_told(app, place))
    except InUse as error:
        log.warning("worker %d does not start: %s", place.index, error)
        sys.exit(1)
    finally:
        app.meter.end()


def datagrams_of(index: int, pairs: Sequence[Pair]) -> Datagrams:
    others = [write for other, (_, write) in enumerate(pairs) if other != index]
    return Datagrams(pairs[index][0], others)


async def serve_until_told(app: Quart, place: Place) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    loop.add_reader(place.lifeline[0], told.set)
    beating = loop.create_task(place.heartbeat.beat())

    async def wait() -> None:
        os.write(place.ready, READY)
        await told.wait()
        loop.remove_reader(place.lifeline[0])

    async with holding(place.settings, told.set):
        await serve_until(wait, app, handed_over(place.listener))
    beating.cancel()


def run_in_process(settings: Settings) -> None:
    """Run one worker in this process, where there is no fork, as on Windows."""
    patch_hypercorn(most_for_connections())
    run_in_loop(serve_until_signalled(create_app(settings, prepared=True), settings))


async def serve_until_signalled(app: Quart, settings: Settings) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(told.set))

    async with holding(settings, told.set):
        await serve_until(told.wait, app, settings.bind)


async def serve_until(told: Callable[[], Awaitable[Any]], app: Quart, bind: str) -> None:
    """Serve until told. Hypercorn then waits for connections to end; ours are closed meanwhile."""
    closing: list[asyncio.Task[None]] = []

    async def begin_to_close() -> None:
        await told()
        closing.append(asyncio.create_task(close_connections(services(app))))

    await serve(app, hypercorn_config(bind), shutdown_trigger=begin_to_close)
    await asyncio.gather(*closing)


def handed_over(listener: socket.socket) -> str:
    """The address for Hypercorn to bind. Nobody else holds it: the port is free when it stops."""
    return f"fd://{listener.detach()}"


def hypercorn_config(bind: str) -> Config:
    config = Config()
    config.bind = [bind]
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.loglevel = "WARNING"
    config.include_server_header = False
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.graceful_timeout = GRACE_S
    config.backlog = 2048
    config.websocket_max_message_size = MAX_MESSAGE_BYTES
    return config


def new_event_loop() -> asyncio.AbstractEventLoop:
    return uvloop.new_event_loop() if uvloop else asyncio.new_event_loop()


def run_in_loop(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
