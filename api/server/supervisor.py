"""The supervisor: migrates, binds, starts the workers, replaces the dead and stops them all.

Hypercorn's own `--workers` stops the server when one worker dies, cuts requests and sockets when
it is told to stop, and exits with 0 when it could not start.
"""

import asyncio
import errno
import gc
import logging
import multiprocessing
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType

import click

from api.adapters.guard import Untried, require_tried
from api.app import create_app
from api.docs.openapi import VERSION
from api.measuring.meter import Meter
from api.measuring.opening import shared_meter
from api.server.descriptors import raise_limit
from api.server.heartbeat import Heartbeat
from api.server.wall_clock import WallClock
from api.server.worker import READY, STOP_SIGNALS, Pair, Place, run_in_process, run_worker
from api.settings import Settings
from api.start import CannotStart, make_ready
from api.transfer.storage import check_bucket_apart
from model.backup_making import all_backups
from model.database.unit_of_work import Database
from model.errors import TryAgain
from model.export import is_any_export_wanted
from model.live.bus import Datagrams
from model.live.ephemeral import WorkerEnded, encode_all
from model.live.feed import Feed
from model.log.event import write_events
from model.schema import check, note_clean_stop
from model.storage.store import Unusable
from model.user import anybody_there

log = logging.getLogger(__name__)

PORT_LEFT_WITHIN_S = 3  # by whoever else listens on it
STOPPED_WITHIN_S = 25  # then they are killed
TRIES = 5  # of a worker that ends before it is ready, one after another, while nobody serves
_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.5, 10  # after a failure; doubled after each
_LOOK_EVERY_S = 1  # at the heartbeats of the workers
_JUMP_S = 1  # of the clock; less is how a clock is kept right
_SILENT_LOOKS = 15  # then a worker is replaced; not seconds, in which a machine may have slept

TCP_OPTIONS = {
    "TCP_USER_TIMEOUT": 20_000,  # ms: a peer that takes nothing is dropped by the kernel
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_NODELAY": 1,
}
BUFFER_BYTES = 256 * 1024


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C; raises CannotStart."""
    try:
        require_tried()
    except Untried as error:
        raise CannotStart(str(error)) from None
    raise_limit()
    listener = listen(settings.bind)
    signing_key = make_ready(settings)
    is_empty = asyncio.run(rehearse(settings))
    try:
        check_bucket_apart(settings)
    except Unusable as error:
        raise CannotStart(str(error)) from None
    if hasattr(os, "fork"):
        with shared_meter(settings, VERSION) as meter:
            supervisor = Supervisor(settings, listener, meter)
            supervisor.run(lambda: greet(settings, signing_key, is_empty=is_empty))
    else:
        listener.close()
        greet(settings, signing_key, is_empty=is_empty)
        click.echo("There is one worker, in this process: this platform has no others.")
        run_in_process(settings)
    if settings.is_lossy:
        asyncio.run(note_clean_stop(settings.database_address))


async def rehearse(settings: Settings) -> bool:
    """Begin as a worker does, for a moment. Whether there is no account yet.

    The workers share what that leaves behind: the statements are compiled once, not in each.
    """
    database = Database(settings.database_address, before_commit=write_events)
    try:
        await check(database)
        feed = Feed(database)
        with suppress(TryAgain):  # the workers have more patience
            await feed.open()
            await feed.look()
        async with database.read() as db:
            await is_any_export_wanted(db)
            await all_backups(db)
            return not await anybody_there(db)
    finally:
        await database.close()


def greet(settings: Settings, signing_key: bytes, *, is_empty: bool) -> None:
    if not settings.is_limited:
        click.echo("HOMEROOM_LIMITS=off: anybody may try passwords without end!", err=True)
    click.echo(f"Homeroom is at {settings.url}  (Ctrl-C stops it)")
    if is_empty:
        token = settings.first_token(signing_key)
        click.echo(
            f"Make the first account, the administrator's: {settings.url}/register#first={token}"
        )


def listen(bind: str) -> socket.socket:
    """Listen, and wait a little for the port, which workers of a killed server may still hold."""
    deadline = time.monotonic() + PORT_LEFT_WITHIN_S
    while True:
        try:
            return bound(bind)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                message = f"HOMEROOM_BIND: cannot listen on {bind}: {error.strerror}."
                raise CannotStart(message) from None
        time.sleep(0.1)


def bound(bind: str) -> socket.socket:
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    for name, value in TCP_OPTIONS.items():
        if hasattr(socket, name):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    try:
        listener.bind((host, int(port)))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def pairs(count: int) -> list[Pair]:
    made = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(count)]
    for read, write in made:
        read.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        write.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    return made


@dataclass
class Worker:
    process: BaseProcess
    ready: int  # descriptor
    heartbeat: Heartbeat
    is_ready: bool = False


class Supervisor:
    """Its workers share the listening socket; each has two pairs of datagram sockets."""

    def __init__(self, settings: Settings, listener: socket.socket, meter: Meter) -> None:
        self.settings, self.listener, self.meter = settings, listener, meter
        self.app = create_app(settings, prepared=True, meter=meter)
        self.hints, self.ephemera = pairs(settings.workers), pairs(settings.workers)
        self.lifeline = os.pipe()
        self.woken = os.pipe()
        self.workers: dict[int, Worker] = {}
        self.failures: Counter[int] = Counter()  # to start each, since it last served
        self.start_at = dict.fromkeys(range(settings.workers), 0.0)  # those that are not there
        self.look_at = 0.0
        self.wall_clock = WallClock()
        self.stopping = False

    def run(self, when_ready: Callable[[], None]) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)
        gc.collect()
        gc.freeze()  # else a worker that collects would copy half of what it shares
        try:
            while not self.stopping and self.serving() < self.settings.workers:
                self.watch()
            if not self.stopping:
                when_ready()
            while not self.stopping:
                self.watch()
        finally:
            self.stop()

    def serving(self) -> int:
        return sum(worker.is_ready for worker in self.workers.values())

    def start(self, index: int) -> None:
        ready, tell_ready = os.pipe()
        heartbeat = Heartbeat()
        place = Place(
            index=index,
            settings=self.settings,
            listener=self.listener,
            hints=self.hints,
            ephemera=self.ephemera,
            lifeline=self.lifeline,
            ready=tell_ready,
            heartbeat=heartbeat,
        )
        process = multiprocessing.get_context("fork").Process(
            target=run_worker, args=(self.app, place), name=f"worker-{index}", daemon=True
        )
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            os.close(tell_ready)
        self.workers[index] = Worker(process, ready, heartbeat)

    def watch(self) -> None:
        """Start who is missing; wait until something happens, or is due, and act on it."""
        self.start_due()
        starting = {
            worker.ready: index for index, worker in self.workers.items() if not worker.is_ready
        }
        dying = [worker.process.sentinel for worker in self.workers.values()]
        for changed in wait([*starting, *dying, self.woken[0]], self.idle_s()):
            if changed in starting and os.read(changed, 1) == READY:
                self.note_ready(starting[changed])
        for index, worker in list(self.workers.items()):
            if not self.stopping and not worker.process.is_alive():
                self.replace(index)
        if time.monotonic() >= self.look_at:
            self.look_at = time.monotonic() + _LOOK_EVERY_S
            self.kill_who_hangs()
            self.tell_of_jump()

    def start_due(self) -> None:
        for index, at in list(self.start_at.items()):
            if at <= time.monotonic():
                del self.start_at[index]
                try:
                    self.start(index)
                except OSError:  # no process, or no memory, can be had
                    log.exception("worker %d was not started", index)
                    self.put_off(index)

    def idle_s(self) -> float:
        """Seconds until something is due."""
        return max(0.0, min([self.look_at, *self.start_at.values()]) - time.monotonic())

    def note_ready(self, index: int) -> None:
        self.workers[index].is_ready = True
        self.meter.serving(self.serving())
        if self.failures.pop(index, 0):
            log.warning("worker %d serves again", index)

    def replace(self, index: int) -> None:
        """Start another one: at once, or later when this one had not begun to serve."""
        worker = self.workers.pop(index)
        os.close(worker.ready)
        worker.heartbeat.close()
        self.meter.ended(index)
        self.meter.serving(self.serving())
        log.error("worker %d ended with %s", index, worker.process.exitcode)
        Datagrams(others=[write for _, write in self.ephemera]).send(
            encode_all([WorkerEnded(self.app.worker.numbered(index))])
        )
        if worker.is_ready:
            self.start_at[index] = time.monotonic()
        else:
            self.put_off(index)

    def put_off(self, index: int) -> None:
        """Try to start a worker again in a while. Raises CannotStart if that failed often enough.

        But as long as anybody serves it is tried for ever.
        """
        self.failures[index] += 1
        pause_s = min(_BACK_OFF_S * 2 ** (self.failures[index] - 1), _LONGEST_BACK_OFF_S)
        self.start_at[index] = time.monotonic() + pause_s
        if self.failures[index] >= TRIES and not self.serving():
            raise CannotStart(f"A worker could not start, {TRIES} times: see the log above.")
        if self.failures[index] == TRIES:
            log.error("worker %d cannot be started; the others serve on, and it is tried on", index)

    def kill_who_hangs(self) -> None:
        """Kill each worker that serves, but whose event loop stands still; say where it stands."""
        for index, worker in self.workers.items():
            silent_looks = worker.heartbeat.silent_looks() if worker.is_ready else 0
            if silent_looks == _SILENT_LOOKS:
                assert worker.process.pid
                worker.heartbeat.ask_for_stacks(worker.process.pid)
            elif silent_looks > _SILENT_LOOKS:
                stacks = worker.heartbeat.stacks()
                log.error("worker %d hangs and is killed; its stacks:\n%s", index, stacks)
                worker.process.kill()

    def tell_of_jump(self) -> None:
        jump_s = self.wall_clock.jump_s()
        if abs(jump_s) > _JUMP_S:
            way = "forward" if jump_s > 0 else "back"
            log.warning("the clock of this machine was put %s by %.0f s", way, abs(jump_s))

    def stop(self) -> None:
        """Stop the workers. Each finishes its requests and closes its sockets, or is killed.

        The port is free at once: new clients are refused instead of kept waiting.
        """
        self.listener.close()
        processes = [worker.process for worker in self.workers.values()]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + STOPPED_WITHIN_S
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                log.error("%s did not stop in time and is killed", process.name)
                process.kill()
                process.join()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.stopping = True
        with suppress(OSError):
            os.write(self.woken[1], b"!")
