"""`serve --reload`: the server in a process of its own, started again when files change."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from api.settings import ROOT

WATCHED = (".env", "main.py", "api/**/*.py", "model/**/*.py", "templates/**/*.html")
LOOK_EVERY_S = 0.3


def serve_and_reload(options: Sequence[str]) -> None:
    """Serve with the options of a command line; with one worker, unless they say otherwise."""
    command = [sys.executable, str(ROOT / "main.py"), "serve", *options]
    environment = {**os.environ, "HOMEROOM_WORKERS": "1"}
    while True:
        seen = newest()
        process = subprocess.Popen(command, env=environment)  # noqa: S603 - ourselves
        try:
            while newest() == seen and process.poll() is None:
                time.sleep(LOOK_EVERY_S)
            if process.poll() is not None:
                click.echo("It has ended; change a file to start it again.", err=True)
                while newest() == seen:
                    time.sleep(LOOK_EVERY_S)
        except KeyboardInterrupt:
            return
        finally:
            process.terminate()
            process.wait()


def newest() -> tuple[int, float]:
    """How many files there are, and when the last one changed."""
    files = [file for pattern in WATCHED for file in Path(ROOT).glob(pattern)]
    return len(files), max(file.stat().st_mtime for file in files)
