"""The command that proves the promise."""

import os
import secrets
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import click

from api.prove.plan import MAIN, Options, Unfinished


@click.command("prove")
@click.option(
    "--clients",
    type=click.IntRange(1, 10_000),
    default=100,
    help="Live clients that follow every topic.",
)
@click.option(
    "--writers", type=click.IntRange(1, 100), default=4, help="Clients that post all the time."
)
@click.option(
    "--events",
    type=click.IntRange(100),
    default=5000,
    help="Posts that the writers write together.",
)
@click.option(
    "--cuts", type=click.IntRange(0), default=10, help="How often each client loses its connection."
)
@click.option(
    "--kills", type=click.IntRange(0), default=5, help="How often a worker is killed with SIGKILL."
)
@click.option(
    "--restarts", type=click.IntRange(0), default=1, help="How often the whole server is restarted."
)
@click.option(
    "--removals",
    type=click.IntRange(0),
    default=12,
    help="How often a right to read is taken away.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=3, help="Worker processes of the server."
)
@click.option(
    "--nodes",
    type=click.IntRange(1, 10),
    default=1,
    help="Servers with one database; more than one need --database.",
)
@click.option(
    "--redis",
    help="redis://host:6379/0, by which nodes hear each other; or `start`, to start one and kill it"
    " in the middle.",
)
@click.option(
    "--crashes",
    type=click.IntRange(0),
    show_default="1 with several nodes",
    help="How often all processes of a node are killed.",
)
@click.option(
    "--silences",
    type=click.IntRange(0),
    show_default="1 with several nodes",
    help="How often a node's packets to and from the database vanish.",
)
@click.option(
    "--silent-for",
    "silent_for_s",
    type=click.FloatRange(0),
    default=12,
    help="For how many seconds; after 7 nobody waits for a statement any more.",
)
@click.option(
    "--update-from",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A checkout of an older release, from which the nodes are updated one by one. There is"
    " no other harm to them then, and no request may fail twice.",
)
@click.option(
    "--backup",
    is_flag=True,
    help="Make a backup under load, put it back in the middle, and go on from there.",
)
@click.option("--seed", type=int, help="Repeats the plan of an earlier run; a new one by default.")
@click.option(
    "--database",
    "database_url",
    help="A PostgreSQL server, such as postgresql://user@host/name; SQLite by default.",
)
@click.option(
    "--program", type=shlex.split, hidden=True, help="The program that serves instead of main.py."
)
def prove_command(
    *,
    nodes: int,
    crashes: int | None,
    silences: int | None,
    seed: int | None,
    program: list[str] | None,
    **given: Any,
) -> None:
    """Start a temporary server and try to break the promise that no event is lost."""
    if not hasattr(os, "fork"):
        raise click.ClickException(
            "`prove` needs worker processes, which this platform does not have."
        )
    from api.prove.run import prove  # noqa: PLC0415 - loads a client for WebSockets

    if given["update_from"]:
        given |= {"kills": 0, "restarts": 0}
        crashes = silences = 0
    options = Options(
        nodes=nodes,
        crashes=int(nodes > 1) if crashes is None else crashes,
        silences=int(nodes > 1) if silences is None else silences,
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
        program=program or [MAIN],
        **given,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: nothing is left behind
    bar = click.progressbar(
        length=options.events, label="Proving", show_eta=False, show_pos=True, file=sys.stderr
    )
    try:
        with bar:
            report = prove(options, lambda: bar.update(1))
    except Unfinished as error:
        raise click.ClickException(str(error)) from None
    click.echo("\n".join(report.lines()))
    if not report.is_kept:
        sys.exit(1)


COMMANDS = (prove_command,)
