"""`python relay.py SOCKET ADDRESS …`: passes on what comes at a socket, as a process of its own.

While the process is stopped (SIGSTOP) every packet vanishes: nothing is refused, and nothing is
answered. Once it goes on, what was sent meanwhile comes late, as after a fault in the network.
"""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

CHUNK_BYTES = 64 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def pass_on(
    reach: Callable[[], Awaitable[Streams]],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    try:
        other_reader, other_writer = await reach()
    except OSError:
        return writer.close()
    await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer))
    return None


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on until either end is closed; then close the other."""
    with suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


async def serve(listener: socket.socket, *address: str) -> None:
    """`address` is a path, or a host and a port."""
    if len(address) == 1:
        reach = partial(asyncio.open_unix_connection, address[0])
    else:
        reach = partial(asyncio.open_connection, address[0], int(address[1]))
    server = await asyncio.start_server(partial(pass_on, reach), sock=listener)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), *sys.argv[2:]))
