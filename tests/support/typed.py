"""Commands as somebody types them, who would see what went wrong."""

import os
import subprocess
from pathlib import Path

FINISHED_WITHIN_S = 200


def typed(folder: Path, *command: str, **environment: str) -> str:
    """What a command prints that is typed in a folder; it has to succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=FINISHED_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
    return done.stdout
