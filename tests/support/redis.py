"""A Redis server of the tests' own, which can be killed and started again."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.prove.redis_server import RedisServer, redis_program
from tests.support.waiting import within


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    require_redis()
    with closing(RedisServer(folder)) as redis:
        assert within(5, lambda: listens(redis))
        yield redis


def require_redis() -> None:
    """Skips the test where there is none; in CI that is a failure."""
    if redis_program() is None:
        why = "redis-server is not there: your system's package of this name has it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)


def listens(redis: RedisServer) -> bool:
    address = urlsplit(redis.url)
    with socket.socket() as client:
        return client.connect_ex((address.hostname, address.port)) == 0
