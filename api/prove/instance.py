"""The real program as a process of its own, on data of its own, as a person starts it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from api.prove.patient_client import HOST
from api.prove.plan import Unfinished
from api.prove.wire import Wire
from api.settings import PREFIX

READY_WITHIN_S = 180
STOPPED_WITHIN_S = 40
GREETING = "Homeroom is at "  # printed once all workers serve
LOOK_EVERY_S = 0.02
LAST_LINES = 5


class Instance:
    """Keeps its port, its data and its log when it is started again.

    Whoever does it harm holds `alone`, and may use the `wire` by which it reaches its database.
    """

    def __init__(
        self,
        folder: Path,
        program: Sequence[str],
        workers: int,
        settings: Mapping[str, str],
        wire: Wire | None = None,
        launcher: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True)
        self.folder, self.workers, self.wire = folder, workers, wire
        self.program, self._launcher = program, launcher
        self.port = free_port()
        self.alone = asyncio.Lock()
        self._settings = {
            "BIND": f"{HOST}:{self.port}",
            "WORKERS": str(workers),
            "ENV_FILE": "",  # what may be there is of another server
            "INSTANCE": str(folder / "instance"),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        known = len(self.log)
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, *self._launcher, *self.program],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C is for us, who stop it
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while GREETING not in self.log[known:]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Unfinished(f"The server did not start:\n{self.last_words()}")
            time.sleep(LOOK_EVERY_S)

    def run(self, *command: str) -> None:
        """Run one of its other commands, with its settings. Raises Unfinished."""
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, *self._launcher, *self.program, *command],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Unfinished(f"`{command[0]}` ended with {done.returncode}:\n{done.stderr}")

    def stop(self) -> None:
        """Stop it as a deployment does."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise Unfinished(f"The server did not stop:\n{self.last_words()}") from None
        if status:
            raise Unfinished(f"The server ended with {status}:\n{self.last_words()}")

    def crash(self) -> None:
        """End it as a machine ends that loses its power: all of its processes at once."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Stop it at the end, whatever state it is in."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def worker_pids(self) -> list[int]:
        assert self._process
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        if children.exists():
            return [int(pid) for pid in children.read_text().split()]
        table = subprocess.check_output(["ps", "-A", "-o", "ppid=,pid="], text=True)  # noqa: S607 - where ps is differs
        pairs = [line.split() for line in table.splitlines()]
        return [int(pid) for parent, pid in pairs if int(parent) == self._process.pid]

    def memory(self) -> int | None:
        """Bytes of all workers; a page that several share is divided among them. Only on Linux."""
        pages = [Path(f"/proc/{pid}/smaps_rollup") for pid in self.worker_pids()]
        with suppress(OSError):
            lines = [line.split() for file in pages for line in file.read_text().splitlines()]
            return sum(int(line[1]) * 1024 for line in lines if line[0] == "Pss:")
        return None

    def last_words(self) -> str:
        """The last lines of its log, without those of requests."""
        lines = [line for line in self.log.splitlines() if '"homeroom.request"' not in line]
        return "\n".join(lines[-LAST_LINES:])

    @property
    def log(self) -> str:
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    @property
    def _log_file(self) -> Path:
        return self.folder / "server.log"

    def _environment(self) -> dict[str, str]:
        inherited = {name: of for name, of in os.environ.items() if not name.startswith(PREFIX)}
        return {**inherited, **{PREFIX + name: value for name, value in self._settings.items()}}


def free_port() -> int:
    """One that nobody listens on; on Linux nobody else is given it while this process lives.

    It stays bound there, so that the kernel has it for nobody who asks for any port. Who reuses its
    address, as servers do, may listen on it, and may come back to it.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((HOST, 0))
    port = int(holder.getsockname()[1])
    if sys.platform == "linux":
        holder.detach()
    else:
        holder.close()
    return port
