"""Checking again what a reader may follow, after rights were taken away."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from model.live.subscription import Reader, Subscription
from model.user import PersonView


@dataclass(frozen=True)
class RightsCheck:
    """A reader as it was when the check began, and why it is checked."""

    reader: Reader
    reason: str
    session_id: int
    held: Mapping[str, Subscription]

    @classmethod
    def of(cls, reader: Reader, reason: str) -> "RightsCheck":
        return cls(reader, reason, reader.session_id, dict(reader.subscriptions))

    def is_signed_out(self, people: Mapping[int, PersonView]) -> bool:
        """Whether the session is over. One that was renewed meanwhile has been judged by itself."""
        return self.reader.session_id == self.session_id and self.session_id not in people

    def update_person(self, people: Mapping[int, PersonView]) -> bool:
        """Take over the name and the picture of the person; whether one of them has changed."""
        before = self.reader.person
        self.reader.person = people.get(self.session_id, before)
        return self.reader.person != before

    def silence(self, silences: Mapping[str, datetime]) -> None:
        """Take over where the reader may not signal, and until when."""
        for topic, subscription in self.held.items():
            subscription.silent_until = silences.get(topic)

    def lost(self, allowed: Collection[str]) -> list[str]:
        """The topics that the reader may not read, of those that it still follows as it did."""
        following = self.reader.subscriptions
        return [
            topic
            for topic, subscription in self.held.items()
            if topic not in allowed and following.get(topic) is subscription
        ]
