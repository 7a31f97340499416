"""The real server: `python main.py` as a process of its own, with its workers."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner, Result

from api.cli import cli
from api.prove.instance import GREETING, free_port
from tests.support.databases import new_sqlite
from tests.support.forked import Forked

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "main.py"
READY_WITHIN_S = 30
STOPPED_WITHIN_S = 30


def changed_by(change: str) -> list[str]:
    """The program of a server that runs these lines of Python before it starts."""
    start = f"runpy.run_path({str(MAIN)!r}, run_name='__main__')"
    lines = ["import runpy, sys", f"sys.path.insert(0, {str(ROOT)!r})", change, start]
    return ["-c", "\n".join(lines)]


@dataclass
class Server:
    """Keeps its port and data when it is started again.

    It is forked from a process that has imported everything, and finds a database that is up to
    date and empty, unless it is to start as for a user.
    """

    instance: Path
    workers: int = 3
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    program: list[str] = field(default_factory=lambda: [str(MAIN)])
    is_forked: bool = True
    process: "Forked | subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.instance.parent / f"server-{self.port}.log"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HOMEROOM_")}
        return {
            **inherited,
            "HOMEROOM_ENV_FILE": "",
            "HOMEROOM_BIND": f"127.0.0.1:{self.port}",
            "HOMEROOM_WORKERS": str(self.workers),
            "HOMEROOM_INSTANCE": str(self.instance),
            **self.settings,
        }

    def start(self) -> "Server":
        is_on_sqlite = "HOMEROOM_DATABASE_URL" not in self.settings
        if self.is_forked and is_on_sqlite and not self.instance.exists():
            self.instance.mkdir(parents=True)
            (self.instance / "app.db").write_bytes(new_sqlite())
        self.log_file.touch()
        greeted = self.log.count(GREETING)
        self.process = self._run()
        deadline = time.monotonic() + READY_WITHIN_S
        while self.log.count(GREETING) == greeted or not self.answers():
            assert self.process.poll() is None, f"it ended:\n{self.log[-3000:]}"
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"not ready:\n{self.log[-3000:]}")
            time.sleep(0.05)
        return self

    def stop(self) -> int:
        """As a deployment stops it; its exit status."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOPPED_WITHIN_S)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(STOPPED_WITHIN_S)

    def close(self) -> None:
        """At the end of a test, whatever state it is in."""
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def worker_pids(self) -> list[int]:
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def first_token(self) -> str:
        found = re.findall(r"/register#first=(\w+)", self.log)
        assert found, self.log
        return str(found[-1])

    def run(self, *command: str, typed: str | None = None) -> Result:
        """A command on the same data, within this process: to import all again takes longer."""
        return CliRunner().invoke(cli, command, typed, env=self.environment)

    def _run(self) -> "Forked | subprocess.Popen[bytes]":
        folder = self.instance.parent
        if self.is_forked:
            return Forked(self.program, self.environment, folder, self.log_file)
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *self.program],
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
