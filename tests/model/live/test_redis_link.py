"""The link to other machines, at a real Redis: who hears whom, and what is dropped."""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis as Client

from api.prove.redis_server import RedisServer
from model.live import redis_link
from model.live.redis_link import RedisLink
from tests.support.redis import running_redis, running_redis_by_tls
from tests.support.waiting import until


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


HINT_AT_NOTHING = b"[]"  # by which each tries, when it comes, whether it may say something


def refuse(messages: Sequence[bytes]) -> None:
    for message in messages:
        msgspec.json.decode(message)


class Machine:
    """A worker of it, and what it has heard."""

    def __init__(self, url: str, run: str) -> None:
        self.link = RedisLink(url, run)
        self.hints: list[bytes] = []
        self.ephemera: list[bytes] = []
        self.link.listen(self._hear_hints, self.ephemera.extend)

    def _hear_hints(self, messages: Sequence[bytes]) -> None:
        self.hints += [message for message in messages if message != HINT_AT_NOTHING]


@asynccontextmanager
async def joined(url: str, *runs: str, name: str = "ours") -> AsyncIterator[list[Machine]]:
    machines = [Machine(url, run) for run in runs]
    for machine in machines:
        machine.link.join(name, lambda: None)
    await until(lambda: all(machine.link.is_well for machine in machines))
    yield machines
    for machine in machines:
        await machine.link.close()


async def test_machines_hear_each_other_but_not_themselves_nor_those_of_another_server(
    redis: RedisServer,
) -> None:
    async with (
        joined(redis.url, "run one", "run one", "run two") as (one, beside, two),
        joined(redis.url, "run six", name="theirs") as (stranger,),
    ):
        one.link.hint(["channel:7"])
        one.link.tell(b"first")
        two.link.tell(b"second")
        await until(lambda: beside.ephemera == [b"second"] and two.ephemera == [b"first"])
        assert two.hints == [b'["channel:7"]']
        assert one.ephemera == [b"second"]
        assert one.hints == beside.hints == stranger.hints == stranger.ephemera == []


async def test_machines_hear_each_other_by_tls_where_they_trust_the_certificate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running_redis_by_tls(tmp_path) as (url, certificate):
        trusting = f"{url}?ssl_ca_certs={certificate}"
        async with joined(trusting, "run one", "run two") as (one, two):
            one.link.tell(b"first")
            await until(lambda: two.ephemera == [b"first"])
        stranger = Machine(url, "run six")
        stranger.link.join("ours", lambda: None)
        await until(lambda: "self-signed certificate" in caplog.text)
        assert not stranger.link.is_well
        await stranger.link.close()


async def test_hints_that_come_together_are_one_and_of_too_many_signals_the_oldest_are_dropped(
    redis: RedisServer,
) -> None:
    async with joined(redis.url, "run one", "run two") as (one, two):
        for number in range(1000):
            one.link.hint([f"channel:{number % 2}"])
            one.link.tell(b"%d" % number)
        await until(lambda: two.ephemera[-1:] == [b"999"])
        assert two.hints == [b'["channel:0","channel:1"]']
        assert two.ephemera == [b"%d" % number for number in range(744, 1000)]


async def test_what_waits_when_a_machine_stops_is_still_sent(redis: RedisServer) -> None:
    async with joined(redis.url, "run two") as (two,):
        async with joined(redis.url, "run one") as (one,):
            one.link.tell(b"I am going")
        await until(lambda: two.ephemera == [b"I am going"])


async def test_what_cannot_be_read_is_told_and_ignored(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with joined(redis.url, "run one") as (one,), Client.from_url(redis.url) as client:
        one.link.listen(refuse, one.ephemera.extend)
        for kind, message in (("hints", "run six, garbage"), ("ephemera", "run six, good")):
            await client.publish(f"homeroom:{redis_link._FORMAT}:ours:{kind}", message)
        await until(lambda: len(one.ephemera) == 1)
    assert "cannot be read" in caplog.text


async def test_a_wrong_password_is_said_once_without_it_and_tried_again(
    redis: RedisServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_link, "_LONGEST_BACK_OFF_S", 0.01)
    machine = Machine(redis.url.replace("//", "//ann:s3cret@"), "run one")
    with caplog.at_level(logging.WARNING):
        machine.link.join("ours", lambda: None)
        await until(lambda: machine.link._failures > 3)
        await machine.link.close()
    assert caplog.text.count("Redis is away") == 1
    assert "s3cret" not in caplog.text
