"""A live connection that only keeps the bytes while events flow; they are read afterwards."""

import asyncio
import base64
import json
import os
import struct
import time
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from tests.bench.load import Connection, Failed, request

RECEIVED_WITHIN_S = 20
MARK = b'"type":"event"'  # once in every event, and nowhere else in these texts
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


class Subscriber(Connection):
    """`bare` is a socket of the floor: each of its frames counts as an event."""

    def __init__(self, *, bare: bool = False) -> None:
        super().__init__()
        self.bare = bare
        self.frames: list[tuple[float, bytes]] = []
        self.count = 0  # of events so far
        self.head = 0  # of the topic, when it was subscribed to
        self.lost = ""
        self._wanted = 1
        self._reached = asyncio.Event()
        self._is_upgraded = False

    async def open(self, port: int) -> Self:
        await super().open(port)
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
        upgrade |= {"Sec_WebSocket_Key": key, "Sec_WebSocket_Version": "13"}
        await self.ask(request("GET", "/api/live", **upgrade))
        return self

    async def follow(self, topic: str, token: str) -> Self:
        self.send({"type": "hello", "id": 1, "token": token})
        self.send({"type": "subscribe", "id": 2, "topic": topic})
        async with asyncio.timeout(RECEIVED_WITHIN_S):
            while not (found := self._answer_to("subscribe")):
                await asyncio.sleep(0.005)
        self.head = found["seq"]
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
        received: list[Received] = []
        for at, frame in self.frames:
            if MARK in frame:
                found = msgspec.json.decode(frame, type=_Event | list[_Event])
                events = found if isinstance(found, list) else [found]
                received += [Received(at, event.seq, event.data.id) for event in events]
        seqs = [event.seq for event in received]
        if seqs != list(range(self.head + 1, self.head + 1 + len(seqs))):
            raise Failed(f"behind {self.head} came {seqs}")
        return received

    def sizes(self) -> list[int]:
        """Of the frames with events."""
        return [len(frame) for _, frame in self.frames if MARK in frame]

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
            self._take(kind, bytes(buffer[body : body + length]))
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
            self.frames.append((time.perf_counter(), payload))
            self.count += 1 if self.bare else payload.count(MARK)
            if self.count >= self._wanted:
                self._reached.set()
        elif kind == CLOSE:
            self._lose(f"it was closed with {int.from_bytes(payload[:2])}")
        elif kind != PING:
            self._lose(f"a frame of the unexpected kind {kind:#x}")

    def _lose(self, why: str) -> None:
        self.lost = self.lost or why
        self._reached.set()

    def _answer_to(self, command: str) -> dict[str, Any] | None:
        if self.lost:
            raise Failed(f"{command}: {self.lost}; {self.frames[-2:]}")
        for _, frame in self.frames:
            messages = json.loads(frame)
            for message in messages if isinstance(messages, list) else [messages]:
                if message["type"] == "error":
                    raise Failed(f"{command}: {message}")
                if message["type"] == "subscribed":
                    return dict(message)
        return None
