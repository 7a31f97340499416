"""A Redis server of the tests' own, which can be killed and started again."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.prove.instance import free_port
from api.prove.patient_client import HOST
from api.prove.redis_server import RedisServer, redis_program
from tests.support.certificates import new_certificate
from tests.support.waiting import within


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    require_redis()
    with closing(RedisServer(folder)) as redis:
        assert within(5, lambda: listens(redis))
        yield redis


@contextmanager
def running_redis_by_tls(folder: Path) -> Iterator[tuple[str, Path]]:
    """The URL of one that takes TLS alone, and its certificate."""
    require_redis()
    certificate, key = new_certificate(folder)
    port = free_port()
    given = {
        "bind": HOST,
        "port": "0",
        "tls-port": f"{port}",
        "tls-cert-file": f"{certificate}",
        "tls-key-file": f"{key}",
        "tls-auth-clients": "no",
        "save": "",
    }
    options = [word for name, value in given.items() for word in (f"--{name}", value)]
    program = [str(redis_program()), *options]
    with subprocess.Popen(program, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"rediss://{HOST}:{port}/0", certificate
        finally:
            process.kill()


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
