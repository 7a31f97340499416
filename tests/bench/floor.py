"""What Hypercorn and Quart cost before an application does anything.

One JSON route, and sockets that are sent what they ask for: workers as Homeroom's, on a socket,
an event loop and a configuration made by the same functions.
"""

import asyncio
import json
import multiprocessing
import os
import signal
import socket
import sys
from typing import Any

from hypercorn.asyncio import serve
from quart import Quart

from api.adapters.hypercorn import patch_hypercorn
from api.prove.instance import GREETING
from api.server.supervisor import listen
from api.server.worker import STOP_SIGNALS, handed_over, hypercorn_config, run_in_loop

routes = Quart(__name__)


@routes.get("/health")
async def hello() -> dict[str, str]:
    return {"status": "ok"}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send_frames(receive, send)
    else:
        await routes(scope, receive, send)


async def send_frames(receive: Any, send: Any) -> None:
    """A message is a list of sizes: so many frames, as fast as the socket takes them."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        for size in json.loads(message["text"]):
            await send({"type": "websocket.send", "text": "x" * size})


def run_worker(listener: socket.socket, lifeline: tuple[int, int]) -> None:
    """Until the parent closes its end of the lifeline, or is gone."""
    told_by, held_by_parent = lifeline
    os.close(held_by_parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    async def until_told() -> None:
        told = asyncio.Event()
        asyncio.get_running_loop().add_reader(told_by, told.set)
        await told.wait()
        asyncio.get_running_loop().remove_reader(told_by)

    run_in_loop(serve(app, hypercorn_config(handed_over(listener)), shutdown_trigger=until_told))


def main(bind: str, workers: int) -> None:
    patch_hypercorn()
    listener, lifeline = listen(bind), os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    process = multiprocessing.get_context("fork").Process
    started = [process(target=run_worker, args=(listener, lifeline)) for _ in range(workers)]
    for worker in started:
        worker.start()
    sys.stdout.write(f"{GREETING}{bind}, or rather its floor\n")
    sys.stdout.flush()
    signal.sigwait(STOP_SIGNALS)
    os.close(lifeline[1])
    for worker in started:
        worker.join()


if __name__ == "__main__":
    main(os.environ["HOMEROOM_BIND"], int(os.environ["HOMEROOM_WORKERS"]))
