"""A Redis server of the tests' own, which can be killed and started again."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.prove.plan import Unfinished
from api.prove.redis_server import RedisServer
from tests.support.waiting import within


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """Skips the test where there is none; in CI that is a failure."""
    try:
        redis = RedisServer(folder)
    except Unfinished:
        why = "redis-server is not there: your system's package of this name has it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    with closing(redis):
        assert within(5, lambda: listens(redis))
        yield redis


def listens(redis: RedisServer) -> bool:
    address = urlsplit(redis.url)
    with socket.socket() as client:
        return client.connect_ex((address.hostname, address.port)) == 0
