"""One live connection, whatever carries its frames: a WebSocket, or Server-Sent Events.

There is no queue of events: a subscription is a cursor, and what lies behind it is taken from the
ring or the log when the other side can take it. Only where nothing else is to be sent and nobody
has to wait is an event pushed as soon as it is in the ring, which takes a third of the time. After
every await the subscription is checked again. A client that does not read its frames misses
signals, and nothing else.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import AsyncIterator, Callable, Mapping

from api.context import Services, shielded
from api.live.clock import Clock, Due
from api.live.protocol import Bye, Close, Error, ResetMessage, Revoked, ServerMessage, ServerPing
from api.middleware.scope import is_shown
from model.errors import TryAgain
from model.live.ephemeral import SignalKey, encode
from model.live.frame import Frame, in_one_frame
from model.live.subscription import Reset, Subscription
from model.log.cursor import Live
from model.session import find_caller_of_session
from model.user import Caller, PersonView

log = logging.getLogger(__name__)

TRY_AGAIN_AFTER_S = 1
RETURN_PER_S = 100  # connections that come back to the server after a restart

Push = Callable[[bytes], bool]


class Connection:
    """A `Reader` of the feed. `cookie` signs in when `hello` brings no token.

    `is_foreign`: a cookie came with a page that may not use it. `is_one_way`: it takes no commands.
    `push` sends a frame if it can be sent at once, and returns whether it was.
    """

    user_id = session_id = 0
    person: PersonView
    is_shown = False

    def __init__(
        self,
        services: Services,
        cookie: str | None = None,
        *,
        is_foreign: bool = False,
        is_one_way: bool = False,
        push: Push | None = None,
    ) -> None:
        self.services, self.feed = services, services.feed
        self.cookie, self.is_foreign = cookie, is_foreign
        self.name = secrets.token_hex(6)
        self.clock = Clock(is_one_way=is_one_way)
        self.epoch = ""
        self.subscriptions: dict[str, Subscription] = {}
        self.caller: Caller | None = None
        self.outbox: list[str] = []
        self.signals: dict[SignalKey, str] = {}
        self.is_sending = False
        self._due: dict[str, None] = {}  # topics of which there may be something to send, in order
        self._is_idle = False  # the writer waits, and nothing has woken it
        self._push = push
        self.code: Close | None = None
        self._drained: asyncio.Event | None = None  # only while somebody waits: it takes memory
        self.bye = Bye(0)
        self._is_sign_in_over = False
        self._woken = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def cursors(self) -> Live:
        """What was sent so far; a client that resumes with it misses nothing."""
        sent = {topic: following.cursor for topic, following in self.subscriptions.items()}
        return {"epoch": self.epoch, "topics": sent}

    def is_signed_in_as(self, caller: Caller) -> None:
        self.caller = caller
        self.clock.signed_in(caller.expires_at)
        self.user_id, self.session_id, self.person = caller.id, caller.session_id, caller.person
        self.is_shown = is_shown(caller)
        self._watch_clock()

    def wake(self, topic: str | None = None) -> None:
        if topic is not None:
            self._due[topic] = None
        self._is_idle = False
        self._woken.set()

    def advanced(self, topic: str) -> None:
        """Push what is new where nothing else is on its way; otherwise it has its turn."""
        self._due[topic] = None
        if self._is_idle and self._push and self._has_pushed(self.subscriptions[topic], self._push):
            del self._due[topic]
        else:
            self.wake()

    def _has_pushed(self, subscription: Subscription, push: Push) -> bool:
        """Whether none of the new events is left for the writer."""
        try:
            found = self.feed.frame(subscription)
        except LookupError:
            return False
        if found is None:
            return True
        frame, cursor = found
        if not push(frame.encoded):
            return False
        self.services.meter.delivered(cursor - subscription.cursor)
        subscription.cursor = cursor
        self._log_sent(subscription)
        return not self.feed.has_more(subscription)

    def signalled(self, signals: Mapping[SignalKey, str]) -> None:
        if not self.is_sending:
            self.signals.update(signals)
            self.wake()

    def revoked(self, topic: str, reason: str) -> None:
        self.put(Revoked(topic, reason))

    def signed_out(self) -> None:
        self.close(Close.NOT_SIGNED_IN, "not_signed_in", "This session is over.")

    def stop(self, among: int) -> None:
        """Close, and spread when to come back over all `among` connections of this worker."""
        of_all = among * self.services.settings.workers
        retry_after = round(random.uniform(0, of_all / RETURN_PER_S), 2)  # noqa: S311 - no secret
        self.close(Close.RESTART, retry_after=retry_after)

    def close(
        self,
        code: Close,
        problem: str | None = None,
        detail: str = "",
        retry_after: float | None = None,
    ) -> None:
        """Say why, say `bye`, and close. The first reason counts."""
        if self.code is None:
            if problem:
                self.put(Error(problem, detail))
            self.code, self.bye = code, Bye(code, retry_after)
            self._tell_drained()
            self.wake()

    def put(self, message: ServerMessage) -> None:
        self.outbox.append(encode(message))
        self.wake()

    def end(self) -> None:
        """Leave the feed; whatever still runs for the connection does nothing more."""
        self.code = self.code or Close.BUG
        if self._alarm is not None:
            self._alarm.cancel()
        self.feed.leave(self)

    async def drained(self) -> None:
        """Returns when the answers have been taken, or there will be no more."""
        self._drained = asyncio.Event()
        await self._drained.wait()

    def _tell_drained(self) -> None:
        if self._drained is not None:
            self._drained.set()

    async def frames(self) -> AsyncIterator[Frame]:
        """The frames to send, each made when the one before was taken; `bye` is in the last one."""
        async for frame in self._frames():
            self.is_sending = True
            yield frame
            self.is_sending = False

    async def _frames(self) -> AsyncIterator[Frame]:
        self._watch_clock()
        while self.code is None:
            self._is_idle = not self._woken.is_set()
            await self._woken.wait()
            self._woken.clear()
            if self._is_sign_in_over:
                await self._sign_in_again()
            due = self._take_due()  # the answer to each is in the outbox
            if self.outbox:
                yield self._answers()
            for subscription in due:
                if events := await self._events(subscription):
                    yield events
                if presence := self._presence(subscription):
                    yield presence
            if newest := self.feed.watch.take(self):
                yield newest
            if signals := self._signals():
                yield signals
        self.put(self.bye)
        yield self._answers()

    def _take_due(self) -> list[Subscription]:
        due, self._due = self._due, {}
        return [self.subscriptions[topic] for topic in due if topic in self.subscriptions]

    async def _sign_in_again(self) -> None:
        """Take the new end of the session, which requests prolong; sign out if it has none."""
        session_id, self._is_sign_in_over = self.session_id, False
        try:
            caller = await shielded(
                self.feed.judged(lambda db: find_caller_of_session(db, session_id))
            )
        except TryAgain:
            return self.close(Close.RESTART, retry_after=TRY_AGAIN_AFTER_S)
        if self.session_id != session_id:
            return None  # it has sent another token meanwhile
        return self.is_signed_in_as(caller) if caller else self.signed_out()

    def _watch_clock(self) -> None:
        """Act on what is due, now and whenever something may be."""
        if self._alarm is not None:
            self._alarm.cancel()
        match self.clock.due():
            case Due.HELLO:
                self.close(Close.NOT_SIGNED_IN, "not_signed_in", "Say hello within 5 seconds.")
            case Due.SIGN_IN:
                self._is_sign_in_over = True
                self.wake()
            case Due.LIFE:
                self.close(Close.NO_SIGN_OF_LIFE)
            case Due.PING:
                self.put(ServerPing())
        if self.code is None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(self.clock.wait_s(), self._watch_clock)

    def _answers(self) -> Frame:
        answers, self.outbox = self.outbox, []
        self._tell_drained()
        return in_one_frame(answers)

    async def _events(self, subscription: Subscription) -> Frame | None:
        """One frame of the next events, or None without any or when the subscription is over."""
        topic = subscription.topic
        if self.subscriptions.get(topic) is not subscription:
            return None
        try:
            found = self.feed.frame(subscription)
        except LookupError:
            found = await self._replayed(subscription)
        if found is None:
            return None
        frame, cursor = found
        self.services.meter.delivered(cursor - subscription.cursor)
        subscription.cursor = cursor
        self._log_sent(subscription)
        if self.feed.has_more(subscription):
            self.wake(topic)
        return frame

    async def _replayed(self, subscription: Subscription) -> tuple[Frame, int] | None:
        """The next events from the log, and the cursor behind them.

        Whoever may no longer read them is told why by the next look of the feed.
        """
        topic, cursor = subscription.topic, subscription.cursor
        try:
            replayed = await shielded(self.feed.replay(self, subscription))
        except TryAgain:
            asyncio.get_running_loop().call_later(TRY_AGAIN_AFTER_S, self.wake, topic)
            return None
        if replayed is None or self.subscriptions.get(topic) is not subscription:
            return None
        if isinstance(replayed, Reset):
            self.feed.unsubscribe(self, topic)
            self.services.meter.reset(replayed.reason)
            self.put(ResetMessage(topic, replayed.seq, replayed.reason))
            return None
        self.services.meter.replayed(replayed[1] - cursor)
        return replayed

    def _log_sent(self, subscription: Subscription) -> None:
        """Tell, at the level `debug`, how far a client has been sent a topic."""
        if log.isEnabledFor(logging.DEBUG):
            to = {"connection": self.name, "user_id": self.user_id}
            log.debug("sent %s up to %d", subscription.topic, subscription.cursor, extra=to)

    def _presence(self, subscription: Subscription) -> Frame | None:
        if self.subscriptions.get(subscription.topic) is not subscription:
            return None
        return self.services.presence.frame(subscription)

    def _signals(self) -> Frame | None:
        """One frame of the signals of topics that the client still follows."""
        signals, self.signals = self.signals, {}
        wanted = [
            text
            for (topic, connection, _), text in signals.items()
            if connection != self.name and topic in self.subscriptions
        ]
        return in_one_frame(wanted) if wanted else None
