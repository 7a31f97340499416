"""Processes that are forked from one in which everything is imported.

Python takes longer to import Homeroom than Homeroom takes to start, and the tests start it more
than a hundred times. A program that is run here has its own environment, folder and output, and
ends as one that was started from a shell. Where there is no fork it imports everything itself.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_METHODS = multiprocessing.get_all_start_methods()
_CONTEXT: Any = multiprocessing.get_context("forkserver" if "forkserver" in _METHODS else "spawn")
_CONTEXT.set_forkserver_preload(["api.cli", "tests.support.cheap_passwords"])


class Forked:
    """A running program, with what `subprocess.Popen` knows of one."""

    def __init__(
        self, program: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        given = (list(program), dict(environment), folder, log)
        self._process: BaseProcess = _CONTEXT.Process(target=_run, args=given)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, within_s: float) -> int:
        """The exit status, of a signal its negative number. Raises subprocess.TimeoutExpired."""
        self._process.join(within_s)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a forked program", within_s)
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # it has ended
            os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


def _run(program: list[str], environment: dict[str, str], folder: Path, log: Path) -> None:
    """Be `python PROGRAM`, with nothing to read, and all that is said at the end of the log."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for stream, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, log, os.O_WRONLY | os.O_APPEND),
        (2, log, os.O_WRONLY | os.O_APPEND),
    ):
        os.dup2(os.open(path, flags), stream)
    match program:
        case ["-c", lines]:
            sys.argv = ["-c"]
            exec(lines, {"__name__": "__main__"})  # noqa: S102 - lines of our own tests
        case [path, *_]:
            sys.argv = program
            runpy.run_path(path, run_name="__main__")
