"""A live client: follows everything for ever, connects again and resumes, and notes what came."""

import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import cycle, islice
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from api.prove.message import Message, messages_of
from api.prove.patient_client import HOST
from api.prove.record import NOTHING_IS_LIVE, Place, Record
from api.prove.stage import Person, Stage

OPEN_WITHIN_S = 10
PAUSE_S = (0.02, 0.2)


class Client:
    """`first` is the number of the node that it connects to at first, and then to one by one."""

    stage: Stage
    record: Record

    def __init__(self, name: str, person: Person, live: Mapping[str, Any], first: int) -> None:
        self.name, self.person = name, person
        self._ports = islice(cycle(person.http.doors.ports), first, None)
        self.epoch = live["epoch"]
        self.places = {topic: Place(seq) for topic, seq in live["topics"].items()}
        self.connected = asyncio.Event()  # and each of its topics was answered for
        self.may_return = asyncio.Event()
        self.may_return.set()
        self.connections = self.cuts = 0
        self._socket: ClientConnection | None = None
        self._unanswered: set[str] = set()
        self._pause_s: float | None = None  # what the server asked for
        self._commands = 0
        self._fetching: set[asyncio.Task[None]] = set()

    def begin(self, stage: Stage, record: Record) -> None:
        """Begin an act of the proof, where the client stands."""
        self.stage, self.record = stage, record
        self.places = {topic: Place(place.cursor) for topic, place in self.places.items()}
        self.may_return.set()

    async def run(self) -> None:
        while True:
            await self.may_return.wait()
            await self.person.signed_in.wait()
            with suppress(OSError, WebSocketException, TimeoutError):
                await self._follow()
            pause_s, self._pause_s = self._pause_s, None
            await asyncio.sleep(random.uniform(*PAUSE_S) if pause_s is None else pause_s)  # noqa: S311 - no secret

    def cut(self) -> None:
        """Break the connection like a broken cable: what was sent and not read is gone."""
        self.cuts += 1
        self.connected.clear()
        self._abort()

    def has(self, heads: Mapping[str, int]) -> bool:
        return all(
            place.cursor >= heads[topic]
            for topic, place in self.places.items()
            if place.barred_behind is None
        )

    async def follow_again(self, topic: str, after: int) -> None:
        """Follow a topic behind the number `after`, where a newly fetched list stands."""
        place = self.places[topic]
        place.cursor, place.is_open, place.live_behind = after, True, NOTHING_IS_LIVE
        if self._socket:
            self._commands += 1
            place.awaited = f"again-{self._commands}"
            message = {"type": "subscribe", "id": place.awaited, "topic": topic, "after": after}
            with suppress(WebSocketException):
                await self._send(message)

    async def _follow(self) -> None:
        port = next(self._ports)
        async with connect(
            f"ws://{HOST}:{port}/api/live",
            compression=None,
            max_size=None,
            open_timeout=OPEN_WITHIN_S,
            ping_interval=None,
            close_timeout=1,
            proxy=None,
        ) as socket:
            self.connections += 1
            try:
                await self._say_hello(socket)
                while True:
                    frame = await socket.recv(decode=False)
                    received = time.time()
                    for message in messages_of(frame):
                        await self._take(message, received)
            finally:
                self._socket = None
                self.connected.clear()

    async def _say_hello(self, socket: ClientConnection) -> None:
        topics = {topic: place.cursor for topic, place in self.places.items() if place.is_open}
        for topic in topics:
            self.places[topic].awaited = ""
            self.places[topic].live_behind = NOTHING_IS_LIVE
        self._unanswered = set(topics)
        self._socket = socket
        token = self.person.http.token
        await self._send({"type": "hello", "token": token, "epoch": self.epoch, "topics": topics})

    async def _take(self, message: Message, received: float) -> None:
        match message.type:
            case "welcome" if not self._unanswered:
                self.connected.set()
            case "event":
                self._note(message, received)
            case "subscribed" if self._is_answer(message):
                self.places[message.topic].live_behind = message.seq
            case "revoked" if not self.places[message.topic].awaited:
                self.places[message.topic].is_open = False
            case "reset" if self._is_answer(message):
                self.record.resets += 1
                self.places[message.topic].is_open = False
                fetching = asyncio.create_task(self._fetch_again(message.topic))
                self._fetching.add(fetching)
                fetching.add_done_callback(self._fetching.discard)
            case "error" if message.code != "not_found":
                self._abort()  # and try again
            case "error" if self._is_answer(message):
                self.places[message.topic].is_open = False
            case "ping":
                await self._send({"type": "pong"})
            case "bye":
                self._pause_s = message.retry_after

    def _note(self, event: Message, received: float) -> None:
        place = self.places[event.topic]
        is_live = event.seq > place.live_behind and not place.awaited
        place.take(event.seq)
        self.record.note(event, received, is_live=is_live)

    def _is_answer(self, message: Message) -> bool:
        """Whether a message answers the last command about its topic; its events come next."""
        place = self.places[message.topic]
        if place.awaited and message.id != place.awaited:
            return False
        place.awaited = ""
        self._unanswered.discard(message.topic)
        if not self._unanswered:
            self.connected.set()
        return True

    async def _fetch_again(self, topic: str) -> None:
        live = await self.stage.live()
        self.epoch = live["epoch"]
        await self.follow_again(topic, live["topics"][topic])

    def _abort(self) -> None:
        if self._socket:
            self._socket.transport.abort()

    async def _send(self, message: object) -> None:
        assert self._socket
        await self._socket.send(msgspec.json.encode(message), text=True)
