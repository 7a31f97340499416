"""One live connection: the caller's task reads commands in order, another one writes.

There is no queue of events: a subscription is a cursor, and what lies behind it is taken from the
ring or the log when the socket can take it. Answers wait in the outbox; when that is full no more
commands are read. After every await the writer looks whether a subscription still stands.
"""

import asyncio
import random
import time

from quart import Websocket

from api.bucket import Bucket
from api.context import Services, shielded
from api.live.commands import MAX_FRAME_BYTES, PING_AFTER_S, carry_out
from api.live.protocol import (
    Bye,
    Close,
    Error,
    NotTheProtocol,
    NotUnderstood,
    ResetMessage,
    Revoked,
    ServerMessage,
    ServerPing,
    encode,
    parse,
)
from model.db import now
from model.errors import TryAgain
from model.ring import in_one_frame
from model.subscription import Subscription
from model.user import Caller

HELLO_WITHIN_S = 5
GONE_AFTER_S = 60
EXPIRY_GRACE_S = 25
MAX_OUTBOX = 200
ANSWER_CLOSE_WITHIN_S = 1
TRY_AGAIN_AFTER_S = 1
RETURN_PER_S = 100  # sockets that come back a second after a restart

NEVER = float("inf")


class Connection:
    """A `Reader` of the feed. `cookie` signs in when `hello` brings no token.

    `is_foreign`: a cookie came with a page that may not use it.
    """

    user_id = session_id = 0

    def __init__(
        self, websocket: Websocket, services: Services, cookie: str | None, *, is_foreign: bool
    ) -> None:
        self.websocket, self.services = websocket, services
        self.cookie, self.is_foreign = cookie, is_foreign
        self.feed = services.feed
        self.subscriptions: dict[str, Subscription] = {}
        self.caller: Caller | None = None
        self.has_spoken = False
        self.outbox: list[str] = []
        self.code: Close | None = None
        self._bye = Bye(0)
        self.ended = asyncio.Event()
        self._woken = asyncio.Event()
        self._drained = asyncio.Event()
        self._bucket = Bucket()
        self._opened_at = self._heard_at = self._pinged_at = time.monotonic()

    # What the feed and the application tell it

    def wake(self) -> None:
        self._woken.set()

    def revoked(self, topic: str, reason: str) -> None:
        self.put(Revoked(topic, reason))

    def signed_out(self) -> None:
        self.close(Close.NOT_SIGNED_IN, "not_signed_in", "This session is over.")

    def stop(self, among: int) -> None:
        """The server restarts; `among` so many connections the time to come back is spread."""
        retry_after = round(random.uniform(0, among / RETURN_PER_S), 2)  # noqa: S311 - no secret
        self.close(Close.RESTART, retry_after=retry_after)

    def close(
        self,
        code: Close,
        problem: str | None = None,
        detail: str = "",
        retry_after: float | None = None,
    ) -> None:
        """Say why, say `bye`, close; the first reason counts."""
        if self.code is None:
            if problem:
                self.put(Error(problem, detail))
            self.code, self._bye = code, Bye(code, retry_after)
            self._drained.set()
            self.wake()

    def put(self, message: ServerMessage) -> None:
        self.outbox.append(encode(message))
        self.wake()

    # The reading task

    async def run(self) -> None:
        reader, writer = asyncio.create_task(self._read()), asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({reader}, timeout=ANSWER_CLOSE_WITHIN_S)
        finally:
            self.code = self.code or Close.BUG  # whatever still runs for it does nothing more
            self.feed.leave(self)
            for task in (reader, writer):
                task.cancel()
            await asyncio.wait({reader, writer})
            self.ended.set()
        for task in (reader, writer):
            if not task.cancelled():
                task.result()

    async def _read(self) -> None:
        while (data := await self.websocket.receive()) is not None:
            self._heard_at = time.monotonic()
            await shielded(self._hear(data))

    async def _hear(self, data: str | bytes) -> None:
        if self.code is not None:
            return None
        if self._is_flooding():
            return self.close(Close.TOO_MANY, "too_many", "Too many messages.")
        if isinstance(data, bytes):
            return self.close(Close.NOT_THE_PROTOCOL, "not_the_protocol", "Send text frames.")
        if len(data.encode()) > MAX_FRAME_BYTES:
            return self.close(Close.MESSAGE_TOO_LARGE, "too_large", "A message takes 64 KiB.")
        try:
            message = parse(data)
            try:
                await carry_out(message, self)
            except TryAgain as problem:
                self.put(Error(problem.code, problem.detail, getattr(message, "id", None)))
        except NotTheProtocol:
            self.close(Close.NOT_THE_PROTOCOL, "not_the_protocol", "Send objects in JSON.")
        except NotUnderstood as problem:
            self.put(Error(problem.code, problem.detail, problem.id))
        while len(self.outbox) > MAX_OUTBOX and self.code is None:
            self._drained.clear()
            await self._drained.wait()
        return None

    def _is_flooding(self) -> bool:
        limits = self.services.settings
        burst, per_s = limits.live_commands_burst, limits.live_commands_per_s
        return limits.is_limited and self._bucket.wait_s(burst, per_s) > 0

    # The writing task

    async def _write(self) -> None:
        while self.code is None:
            await self._sleep()
            answered = list(self.subscriptions.values())  # each answer is in the outbox
            await self._send_answers()
            for subscription in answered:
                await self._send_events(subscription)
        self.put(self._bye)
        await self._send_answers()
        await self.websocket.close(self.code)

    async def _sleep(self) -> None:
        """Until there is something to send, or a clock runs out."""
        due = min(self._hello_due(), self._expiry_due(), self._silence_due())
        try:
            async with asyncio.timeout(max(0.0, due - time.monotonic())):
                await self._woken.wait()
        except TimeoutError:
            self._time_out()
        self._woken.clear()

    def _hello_due(self) -> float:
        return NEVER if self.has_spoken else self._opened_at + HELLO_WITHIN_S

    def _expiry_due(self) -> float:
        if self.caller is None:
            return NEVER
        left_s = (self.caller.expires_at - now()).total_seconds()
        return time.monotonic() + left_s + EXPIRY_GRACE_S

    def _silence_due(self) -> float:
        if self._pinged_at > self._heard_at:
            return self._heard_at + GONE_AFTER_S
        return self._heard_at + PING_AFTER_S

    def _time_out(self) -> None:
        moment = time.monotonic()
        if self._hello_due() <= moment:
            self.close(Close.NOT_SIGNED_IN, "not_signed_in", "Say hello within 5 seconds.")
        elif self._expiry_due() <= moment:
            self.signed_out()
        elif self._heard_at + GONE_AFTER_S <= moment:
            self.close(Close.NO_SIGN_OF_LIFE)
        elif self._silence_due() <= moment:
            self._pinged_at = moment
            self.put(ServerPing())

    async def _send_answers(self) -> None:
        if self.outbox:
            answers, self.outbox = self.outbox, []
            await self.websocket.send(in_one_frame(answers))
            self._drained.set()

    async def _send_events(self, subscription: Subscription) -> None:
        """One frame of what is next, if it still stands."""
        topic = subscription.topic
        if self.subscriptions.get(topic) is not subscription:
            return None
        try:
            found = self.feed.frame(subscription)
        except LookupError:
            try:
                replayed = await shielded(self.feed.replay(self, subscription))
            except TryAgain:
                asyncio.get_running_loop().call_later(TRY_AGAIN_AFTER_S, self.wake)
                return None
            if self.subscriptions.get(topic) is not subscription:
                return None
            if not isinstance(replayed, tuple):
                self.feed.unsubscribe(self, topic)
                gone = ResetMessage(topic, replayed.seq, replayed.reason) if replayed else None
                return self.put(gone or Revoked(topic, "removed"))
            found = replayed
        if found is not None:
            text, subscription.cursor = found
            if self.feed.has_more(subscription):
                self.wake()
            await self.websocket.send(text)
        return None
