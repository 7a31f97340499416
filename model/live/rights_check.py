"""A reader whose right is judged again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from model.live.subscription import Reader, Subscription
from model.user import PersonView


@dataclass(frozen=True)
class Suspect:
    """As it was when the judging began."""

    reader: Reader
    reason: str
    session_id: int
    held: Mapping[str, Subscription]

    @classmethod
    def of(cls, reader: Reader, reason: str) -> "Suspect":
        return cls(reader, reason, reader.session_id, dict(reader.subscriptions))

    def is_signed_out(self, people: Mapping[int, PersonView]) -> bool:
        """By the living sessions; one that was renewed meanwhile has been judged by itself."""
        return self.reader.session_id == self.session_id and self.session_id not in people

    def changes(self, people: Mapping[int, PersonView]) -> bool:
        """Whether the person has another name or picture than before; it is taken over."""
        before = self.reader.person
        self.reader.person = people.get(self.session_id, before)
        return self.reader.person != before

    def lost(self, allowed: Collection[str]) -> list[str]:
        """The topics it may not read, of those that it still follows as it did."""
        following = self.reader.subscriptions
        return [
            topic
            for topic, subscription in self.held.items()
            if topic not in allowed and following.get(topic) is subscription
        ]
