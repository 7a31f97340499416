"""A live connection that only keeps the bytes while events flow; they are read afterwards."""

import asyncio
import base64
import json
import os
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from model.log.cursor import Live
from tests.bench.load import Connection, Failed, request

RECEIVED_WITHIN_S = 20
DOUBLES_WITHIN_S = 0.2  # whatever comes twice comes then
MARK = b'"type":"event"'  # once in every event, and nowhere else in these texts
ARE_YOU_THERE = b'{"type":"ping"}'
TEXT, CLOSE, PING = 0x81, 0x88, 0x89  # first bytes of whole WebSocket frames
MASKED = 0x80  # by zeros, here
LONG, VERY_LONG = 126, 127  # lengths that say that 2 or 8 bytes with the length follow


class _Post(msgspec.Struct):
    id: int


class _Event(msgspec.Struct):
    seq: int
    data: _Post


@dataclass(frozen=True)
class Received:
    at: float
    seq: int
    post_id: int


class Frames:
    """Each once, for all sockets that got the same."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}
        self._events: dict[bytes, list[_Event]] = {}

    def keep(self, frame: bytes) -> bytes:
        return self._kept.setdefault(frame, frame)

    def events(self, frame: bytes) -> list[_Event]:
        if MARK not in frame:
            return []
        if frame not in self._events:
            found = msgspec.json.decode(frame, type=_Event | list[_Event])
            self._events[frame] = found if isinstance(found, list) else [found]
        return self._events[frame]


class Subscriber(Connection):
    """`bare` is a socket of the floor: each of its frames counts as an event."""

    def __init__(self, shared: Frames | None = None, *, bare: bool = False) -> None:
        super().__init__()
        self.bare = bare
        self.shared = shared or Frames()
        self.frames: list[tuple[float, bytes]] = []
        self.count = 0  # of events so far
        self.head = 0  # of the topic: the number behind which events are to come
        self.lost = ""
        self.ended = asyncio.Event()
        self._wanted = 1
        self._reached = asyncio.Event()
        self._is_upgraded = False
        self._to_follow = 1
        self._followed: asyncio.Future[dict[str, Any]] | None = None

    async def open(self, port: int) -> Self:
        await super().open(port)
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
        upgrade |= {"Sec_WebSocket_Key": key, "Sec_WebSocket_Version": "13"}
        await self.ask(request("GET", "/api/live", **upgrade))
        return self

    async def follow(self, topic: str, token: str, after: int | None = None) -> Self:
        """From now on, or behind a number, as a client that comes back."""
        self._followed = asyncio.get_running_loop().create_future()
        if after is None:
            self.send({"type": "hello", "id": 1, "token": token})
            self.send({"type": "subscribe", "id": 2, "topic": topic})
        else:
            self.send({"type": "hello", "id": 1, "token": token, "topics": {topic: after}})
        async with asyncio.timeout(RECEIVED_WITHIN_S):
            head = (await self._followed)["seq"]
        self.head = head if after is None else after
        return self

    async def follow_all(self, live: Live, token: str) -> Self:
        """From where lists stand, which say so as `live`."""
        self._followed = asyncio.get_running_loop().create_future()
        self._to_follow = len(live["topics"])
        self.send({"type": "hello", "id": 1, "token": token, **live})
        async with asyncio.timeout(RECEIVED_WITHIN_S):
            await self._followed
        return self

    def send(self, message: object) -> None:
        payload = json.dumps(message).encode()
        if len(payload) < LONG:
            head = struct.pack(">BB4x", TEXT, MASKED | len(payload))
        else:
            head = struct.pack(">BBH4x", TEXT, MASKED | LONG, len(payload))
        self.transport.write(head + payload)

    async def receive(self, count: int) -> None:
        """Returns when so many events have come since it was opened."""
        self._wanted = count
        self._reached.clear()
        try:
            async with asyncio.timeout(RECEIVED_WITHIN_S):
                while self.count < count and not self.lost:
                    await self._reached.wait()
        except TimeoutError:
            raise Failed(f"{self.count} of {count} events came") from None
        if self.count < count:
            raise Failed(f"{self.count} of {count} events came, then {self.lost}")

    def events(self) -> list[Received]:
        """Each once and in order, or `Failed`."""
        received = [
            Received(at, event.seq, event.data.id)
            for at, frame in self.frames
            for event in self.shared.events(frame)
        ]
        seqs = [event.seq for event in received]
        if seqs != list(range(self.head + 1, self.head + 1 + len(seqs))):
            raise Failed(f"behind {self.head} came {seqs}")
        return received

    def sizes(self) -> list[int]:
        """Of the frames with events."""
        return [len(frame) for _, frame in self.frames if MARK in frame]

    def retry_after(self) -> float:
        """Seconds, as the server said with `bye`."""
        byes = [json.loads(frame) for _, frame in self.frames[-2:] if b'"bye"' in frame]
        return float(byes[-1]["retry_after"])

    def data_received(self, data: bytes) -> None:
        if not self._is_upgraded:
            super().data_received(data)
            return
        self.buffer += data
        buffer, start, size = self.buffer, 0, len(self.buffer)
        while size - start >= 2:
            kind, length, body = buffer[start], buffer[start + 1], start + 2
            if length == LONG:
                body, length = start + 4, int.from_bytes(buffer[start + 2 : start + 4])
            elif length == VERY_LONG:
                body, length = start + 10, int.from_bytes(buffer[start + 2 : start + 10])
            if size < body + length:
                break
            with memoryview(buffer) as view:
                payload = bytes(view[body : body + length])
            self._take(kind, payload)
            start = body + length
        del buffer[:start]

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._lose(f"the connection was lost ({error})")

    def _answered(self, status: int, body: bytes) -> None:
        self._is_upgraded = status == 101
        super()._answered(status, body)

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self.frames.append((time.perf_counter(), self.shared.keep(payload)))
            if self._followed and not self._followed.done():
                self._hear(json.loads(payload))
            elif payload == ARE_YOU_THERE:
                self.send({"type": "pong"})
            self.count += 1 if self.bare else payload.count(MARK)
            if self.count >= self._wanted:
                self._reached.set()
        elif kind == CLOSE:
            self._lose(f"it was closed with {int.from_bytes(payload[:2])}")
        elif kind != PING:
            self._lose(f"a frame of the unexpected kind {kind:#x}")

    def _hear(self, frame: Any) -> None:
        assert self._followed
        for message in frame if isinstance(frame, list) else [frame]:
            if message["type"] == "subscribed":
                self._to_follow -= 1
                if self._to_follow == 0:
                    self._followed.set_result(message)
            elif message["type"] in {"error", "reset", "bye"}:
                self._followed.set_exception(Failed(f"subscribe: {message}"))
                return

    def _lose(self, why: str) -> None:
        self.lost = self.lost or why
        self.ended.set()
        self._reached.set()
        if self._followed and not self._followed.done():
            self._followed.set_exception(Failed(f"subscribe: {self.lost}"))


async def receive_all(sockets: Sequence[Subscriber], count: int) -> None:
    """`Failed` unless every socket gets so many events, each once and in order."""
    await asyncio.gather(*(socket.receive(count) for socket in sockets))
    await asyncio.sleep(DOUBLES_WITHIN_S)
    for socket in sockets:
        if socket.count != count or len(socket.events()) != count:
            raise Failed(f"{count} events were written, but {socket.count} came")
