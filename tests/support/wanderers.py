"""People who come to the group, write there, and leave, and are called something else each time."""

import itertools
import random

from tests.support.people import Person
from tests.support.world import World


class Wanderers:
    def __init__(self, world: World, guests: list[Person]) -> None:
        self.world, self.guests = world, guests
        self._group = f"/api/groups/{world.people.group['id']}"
        self._names = (f"Guest {number}" for number in itertools.count())

    async def play(self) -> None:
        await self._visit(random.choice(self.guests))
        await self._be_called(random.choice(self.guests))

    async def vanish(self) -> None:
        """Half of them as members of the group, half of them later."""
        for number, guest in enumerate(self.guests):
            if number % 2:
                await self._come(guest)
            await guest.delete("/api/me")

    async def _visit(self, guest: Person) -> None:
        await self._come(guest)
        acts = [self._write, self._reply, self._play, self._be_called]
        for act in random.sample(acts, 3):
            await act(guest)
        who = random.choice([guest, self.world.people.ann])
        await who.delete(f"{self._group}/members/{guest.id}")

    async def _come(self, guest: Person) -> None:
        code = await self.world.people.ann.post(f"{self._group}/join-code", {})
        await guest.post("/api/memberships", {"join_code": code["join_code"]})

    async def _write(self, guest: Person) -> None:
        await guest.post(self.world.people.posts, {"text": "@bob, here I am"})

    async def _reply(self, guest: Person) -> None:
        post = await self.world.people.ann.post(self.world.people.posts, {"text": "Who are you?"})
        reply = {"text": "a guest", "parent_id": post["id"]}
        await guest.post(self.world.people.posts, reply)
        await guest.put(f"/api/posts/{post['id']}/reactions/👋")

    async def _play(self, guest: Person) -> None:
        scores = f"/api/channels/{self.world.people.channel['id']}/scores"
        await guest.post(scores, {"game": "snake", "points": 7})

    async def _be_called(self, guest: Person) -> None:
        await guest.patch("/api/me", {"name": next(self._names)})
