"""The server on which things grow, its database, and what a request costs it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from model.channel import Channel, Kind, create_channel
from model.database.unit_of_work import Database
from model.group import Group, Role, add_member, create_group
from model.session import find_caller, open_session
from model.user import Caller, create_user
from tests.bench.load import Connection, request
from tests.bench.stage import SENTENCE, cpu_s
from tests.bench.subscriber import Subscriber
from tests.support.people import PASSWORD_HASH
from tests.support.server import Server

TIMES, TRIES = 40, 5
AT_ONCE = 50

T = TypeVar("T")


@dataclass(frozen=True)
class Person:
    id: int
    token: str


@dataclass(frozen=True)
class Ground:
    """`database` is that of the running server, in which everything but requests is written."""

    server: Server
    database: Database
    token: str
    asker: Connection

    @property
    def file(self) -> Path:
        return self.server.instance / "app.db"

    async def caller(self) -> Caller:
        async with self.database.read() as db:
            found = await find_caller(db, self.token)
        assert found
        return found

    async def group(self, name: str) -> Group:
        by = await self.caller()
        async with self.database.write() as db:
            return await create_group(db, name, "", by=by)

    async def channels(self, group: Group, names: Iterable[str]) -> list[Channel]:
        by = await self.caller()
        async with self.database.write() as db:
            return [await create_channel(db, group, name, "", Kind.OPEN, by=by) for name in names]

    async def members(self, group: Group, names: Iterable[str]) -> list[Person]:
        """New accounts that belong to the group."""
        people = []
        async with self.database.write() as db:
            for name in names:
                user = await create_user(db, name, name, PASSWORD_HASH)
                await add_member(db, replace(group, role=Role.MEMBER), user)
                people.append(Person(user.id, (await open_session(db, user, "bench")).token))
        return people

    def asks(self, *requests: bytes) -> Callable[[], Awaitable[object]]:
        """Asks one of them after another, over and over."""
        left: list[bytes] = []

        async def ask() -> object:
            if not left:
                left.extend(requests)
            if self.asker.transport.is_closing():  # it was idle
                await self.asker.open(self.server.port)
            return await self.asker.ask(left.pop())

        return ask

    def gets(self, *paths: str, token: str = "") -> Callable[[], Awaitable[object]]:
        return self.asks(*(request("GET", path, token or self.token) for path in paths))

    def writes(self, channel: Channel, token: str = "") -> Callable[[], Awaitable[object]]:
        path, body = f"/api/channels/{channel.id}/posts", {"text": SENTENCE}
        return self.asks(request("POST", path, token or self.token, body))

    def sends(
        self, channel: Channel, sockets: Sequence[Subscriber]
    ) -> Callable[[], Awaitable[object]]:
        """Writes a post, and waits until all have it."""
        write = self.writes(channel)

        async def send() -> None:
            expected = [socket.count + 1 for socket in sockets]
            await write()
            received = zip(sockets, expected, strict=True)
            await asyncio.gather(*(socket.receive(count) for socket, count in received))

        return send

    async def cost_us(
        self, work: Callable[[], Awaitable[object]], times: int = TIMES, tries: int = TRIES
    ) -> float:
        """Processor time of each, in the best of a few tries: whatever disturbs makes it more."""
        costs = []
        for _ in range(tries):
            before_s = cpu_s(self.server)
            for _ in range(times):
                await work()
            costs.append((cpu_s(self.server) - before_s) / times * 1e6)
        return min(costs)

    async def cost_of_a_second_us(self) -> float:
        """What it does when nobody asks."""
        return await self.cost_us(lambda: asyncio.sleep(1), times=1, tries=3)


async def in_turns(jobs: Sequence[Coroutine[None, None, T]]) -> list[T]:
    """What they answer; some at once, or others would wait too long."""
    answers: list[T] = []
    for first in range(0, len(jobs), AT_ONCE):
        answers += await asyncio.gather(*jobs[first : first + AT_ONCE])
    return answers


def between(sizes: Sequence[int]) -> Iterable[tuple[int, range]]:
    """Each size, and the numbers of what is added until it is reached."""
    for before, size in zip([0, *sizes], sizes, strict=False):
        yield size, range(before, size)
