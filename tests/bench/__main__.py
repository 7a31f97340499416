"""`python -m tests.bench`: what Homeroom costs above its floor, in one table."""

import argparse
import sys

from tests.bench.against import checkout, compare
from tests.bench.load import Failed
from tests.bench.run import Options, bench
from tests.bench.stage import new_database


def main() -> int:
    given = parse_arguments()
    try:
        with new_database(given.database) as url, new_database(given.database) as other_url:
            options = Options(given.seconds, given.rounds, given.workers, url)
            if given.against:
                with checkout(given.against) as code:
                    sys.stdout.write(compare(options, code, other_url))
            else:
                sys.stdout.write(bench(options))
    except Failed as failure:
        sys.stderr.write("\n".join([f"FAILED: {failure}", *getattr(failure, "__notes__", []), ""]))
        return 1
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add, default = parser.add_argument, Options()
    add("--seconds", type=float, default=default.seconds, help="of each load (%(default)s)")
    add("--rounds", type=int, default=default.rounds, help="each with every load (%(default)s)")
    add("--workers", type=int, default=default.workers, help="of each server (%(default)s)")
    add(
        "--against",
        metavar="CODE",
        help="a commit, or a folder with code that runs with the same packages: the same loads on"
        " both in turns, and their ratios",
    )
    add(
        "--database",
        metavar="URL",
        help="a PostgreSQL server on which a new database may be made, postgresql+asyncpg://…;"
        " by default SQLite",
    )
    given = parser.parse_args()
    if min(given.seconds, given.rounds, given.workers) < 1:
        parser.error("--seconds, --rounds and --workers start at 1")
    return given


if __name__ == "__main__":
    sys.exit(main())
