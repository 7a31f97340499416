"""`python ahead.py SECONDS PROGRAM …`: Homeroom on a machine whose clock is ahead of the others'.

Only the clock that people read is; what is measured with another one takes as long as ever.
"""

import runpy
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

real_time = time.time


def put_ahead(seconds: float) -> None:
    """Show another time to all code of the model and the doors."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = UTC) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    from model.database import table  # noqa: PLC0415 - of the program that is run

    table.datetime = Ahead  # type: ignore[attr-defined] # it imports it
    time.time = lambda: real_time() + seconds


if __name__ == "__main__":
    seconds, program = float(sys.argv[1]), sys.argv[2]
    del sys.argv[:2]
    sys.path[0] = str(Path(program).parent)
    put_ahead(seconds)
    runpy.run_path(program, run_name="__main__")
