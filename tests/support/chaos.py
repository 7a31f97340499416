"""Random operations of the cast, in an order that lets nearly all of them succeed."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

from quart import Quart

from api.context import Services
from tests.support.cast import Cast
from tests.support.examples import (
    Example,
    ask,
    example_that_makes,
    examples,
    filled,
    parameters,
    plain_values,
)
from tests.support.people import Answer, Person
from tests.support.world import Thing, World, thing_of

ATTEMPTS = 20
NEWEST = 5


class Chaos(World):
    """Does what the examples of all resources do, with what is there; some of it is refused.

    Each is tried by others and elsewhere until it succeeds, so that none is forgotten.
    """

    def __init__(self, app: Quart, services: Services, people: Cast) -> None:
        super().__init__(app, services, people)
        self.succeeded: Counter[Example] = Counter()
        self.refused = 0
        self.general = Thing(people.channel["id"], people.channel, people.ann)
        self.there: dict[str, list[Thing]] = {"channel_id": [self.general]}

    async def play(self, *, keeps_all: bool = False) -> None:
        """Everything once, or as often as it wants; it may leave out what deletes."""
        kinds = [
            example
            for example in examples()
            for _ in range(example.often)
            if not (keeps_all and example.method == "DELETE")
        ]
        for example in random.sample(kinds, len(kinds)):
            await self.do(example)

    async def do(self, example: Example) -> None:
        for _ in range(ATTEMPTS):
            who = self.people.named(random.choice(example.by))
            body = random.choice((example.body, *example.others))
            one = replace(example, body=body)
            values = await self.values(one, who)
            answer = await ask(who, (one.method, filled(one.path, values), filled(body, values)))
            assert answer.status < 500, answer
            if answer.status < 300:
                self.succeeded[example] += 1
                self._note(one, values, answer, who)
                return
            self.refused += 1
            if answer.status == 404:
                self._forget(values, who)

    async def thing(self, name: str, who: Person, *, is_at_stake: bool = False) -> Thing:
        """One of the newest, mostly one's own: that one may change."""
        if plain := plain_values(name):
            return Thing(random.choice(plain))
        if name != "channel_id" and name in self.standing:
            return Thing(self.standing[name])
        if name == "channel_id" and not is_at_stake and random.random() < 0.7:
            return self.general
        if not self._those(name, is_at_stake=is_at_stake):
            await self.do(example_that_makes(name))
        those = self._those(name, is_at_stake=is_at_stake)[-NEWEST:]
        own = [thing for thing in those if thing.maker is who]
        return random.choice(own if own and random.random() < 0.8 else those)

    def _those(self, name: str, *, is_at_stake: bool) -> list[Thing]:
        those = self.there.get(_pool(name), [])
        if name == "private_channel_id":
            those = [thing for thing in those if thing.view["kind"] == "private"]
        return [thing for thing in those if thing is not self.general or not is_at_stake]

    def _note(self, one: Example, values: dict[str, Any], answer: Answer, who: Person) -> None:
        """What is there now, and how."""
        if one.makes:
            self.there.setdefault(_pool(one.makes), []).append(thing_of(one, answer.body, who))
        *_, last = ["", *parameters(one.path)]
        if one.path.endswith(f"{{{last}}}"):
            those = self.there.get(_pool(last), [])
            changed = [thing for thing in those if thing.name == values[last]]
            if one.method == "DELETE":
                self.there[_pool(last)] = [thing for thing in those if thing not in changed]
            elif one.method == "PATCH":
                for thing in changed:
                    thing.view = answer.body

    def _forget(self, values: dict[str, Any], who: Person) -> None:
        """Who made it would find it, were it there."""
        for name, value in values.items():
            those = self.there.get(_pool(name), [])
            self.there[_pool(name)] = [
                one for one in those if one is self.general or (one.name, one.maker) != (value, who)
            ]


def _pool(name: str) -> str:
    return name.removeprefix("private_")
