"""A Redis of the proof's own, which can be killed and started again."""

import shutil
import subprocess
from pathlib import Path

from api.prove.instance import free_port
from api.prove.patient_client import HOST
from api.prove.plan import Unfinished


def redis_program() -> str | None:
    return shutil.which("redis-server") or shutil.which("valkey-server")


class RedisServer:
    """It runs from the beginning, and keeps its port, and nothing else."""

    def __init__(self, folder: Path) -> None:
        program = redis_program()
        if program is None:
            raise Unfinished("--redis start: there is no redis-server on the PATH.")
        port = free_port()
        self.url = f"redis://{HOST}:{port}/0"
        self._folder = folder
        self._program = [program, "--bind", HOST, "--port", str(port), "--save", ""]
        self.start()

    def start(self) -> None:
        """Nobody waits for it: the nodes try to reach it until they do."""
        self._process = subprocess.Popen(  # noqa: S603 - found on the PATH
            self._program,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for us, who close it
        )

    def close(self) -> None:
        """Kill it. What it knows is not worth keeping."""
        self._process.kill()
        self._process.wait()
