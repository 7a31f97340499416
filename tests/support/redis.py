"""A Redis server of the tests' own, which can be killed, stopped and started again."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from api.prove.instance import free_port
from tests.support.waiting import within


@dataclass
class Redis:
    program: str
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        only_here = ["--bind", "127.0.0.1", "--port", f"{self.port}", "--save", ""]
        self.process = subprocess.Popen([self.program, *only_here], stdout=subprocess.DEVNULL)
        assert within(5, self.listens)

    def listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()


@contextmanager
def running_redis() -> Iterator[Redis]:
    """Skips the test where there is none; in CI that is a failure."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        why = "redis-server is not there: your system's package of this name has it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    redis = Redis(program)
    redis.start()
    try:
        yield redis
    finally:
        redis.kill()
