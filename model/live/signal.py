"""Signals: passed on 30 times a second to whoever keeps up, of each only the newest.

Nothing of them is stored or queued. A turn takes what has come since the last one: signals from
here go to the other workers in few datagrams, and each reader gets what is for it at once.
"""

import asyncio
from collections import defaultdict

from model.live.bus import Bus
from model.live.ephemeral import SignalKey, SignalMessage, encode
from model.live.feed import Feed

_TURN_S = 0.033
_IN_A_DATAGRAM = 32  # signals of less than 2 KiB
_MAX_WAITING = 2000  # between two turns


class Signals:
    def __init__(self, feed: Feed, bus: Bus) -> None:
        self._feed, self._bus = feed, bus
        self._own: dict[SignalKey, SignalMessage] = {}
        self._waiting: dict[SignalKey, SignalMessage] = {}
        self._turn: asyncio.TimerHandle | None = None

    def send(self, signal: SignalMessage) -> None:
        """Pass a signal from a reader of this worker on to all others who follow the topic."""
        if len(self._own) < _MAX_WAITING:
            self._own[signal.key] = signal
            self.pass_on(signal)

    def pass_on(self, signal: SignalMessage) -> None:
        """Pass a signal on to the readers of this worker."""
        if len(self._waiting) < _MAX_WAITING:
            self._waiting[signal.key] = signal
        if self._turn is None:
            self._turn = asyncio.get_running_loop().call_later(_TURN_S, self._take_turn)

    def _take_turn(self) -> None:
        self._turn = None
        own, self._own = [*self._own.values()], {}
        waiting, self._waiting = self._waiting, {}
        for start in range(0, len(own), _IN_A_DATAGRAM):
            self._bus.tell(own[start : start + _IN_A_DATAGRAM])
        of_topic = defaultdict[str, dict[SignalKey, str]](dict)
        for key, signal in waiting.items():
            if self._feed.subscribers(signal.topic):
                of_topic[signal.topic][key] = encode(signal)
        for topic, signals in of_topic.items():
            for reader in self._feed.subscribers(topic):
                reader.signalled(signals)
