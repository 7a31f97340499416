"""The commands of `python main.py`; without one it serves."""

import asyncio
import os
import secrets
import shlex
import signal
import sys
from typing import Any

import click

from api import user_commands
from api.commands import given_settings, ready_settings, with_database
from api.docs.openapi import VERSION
from api.logs import start_logging
from api.prove.plan import MAIN, Options, Unfinished
from api.server.reload import serve_and_reload
from api.server.supervisor import serve
from api.start import CannotStart
from model.act import record_server_act
from model.database.unit_of_work import Database
from model.log.event import begin_epoch
from model.schema import new_migration


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(VERSION, message="Homeroom %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Homeroom: accounts, groups, channels and posts for a class, a club or a small team."""
    if context.invoked_subcommand is None:
        context.invoke(serve_command)


for command in user_commands.COMMANDS:
    cli.add_command(command)


@cli.command("serve")
@click.option("--reload", is_flag=True, help="Start again whenever code, templates or .env change.")
def serve_command(*, reload: bool = False) -> None:
    """Serve until Ctrl-C. This also happens when no command is given."""
    start_logging()
    try:
        serve_and_reload() if reload else serve(given_settings())
    except CannotStart as error:
        raise click.ClickException(str(error)) from None


@cli.command("new-epoch")
def new_epoch() -> None:
    """Begin a new log after restoring a backup, so that every client fetches everything again."""

    async def begin(database: Database) -> str:
        async with database.write("command") as db:
            epoch = await begin_epoch(db)
            await record_server_act(db, "epoch.begun", by=None)
            return epoch

    click.echo(f"A new log has begun. Its epoch is {with_database(begin)}.")


@cli.command("prove")
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
@click.option("--seed", type=int, help="Repeats the plan of an earlier run; a new one by default.")
@click.option(
    "--database",
    "database_url",
    help="A PostgreSQL server, such as postgresql://user@host/name; SQLite by default.",
)
@click.option(
    "--program", type=shlex.split, hidden=True, help="The program that serves instead of main.py."
)
def prove_command(*, seed: int | None, program: list[str] | None, **given: Any) -> None:
    """Start a temporary server and try to break the promise that no event is lost."""
    if not hasattr(os, "fork"):
        raise click.ClickException(
            "`prove` needs worker processes, which this platform does not have."
        )
    from api.prove.run import prove  # noqa: PLC0415 - loads a client for WebSockets

    seed = secrets.randbelow(1_000_000) if seed is None else seed
    options = Options(seed=seed, program=program or [MAIN], **given)
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
    if not report.verdict.is_kept:
        sys.exit(1)


@cli.command("demo")
def demo() -> None:
    """Fill a new instance with a class that looks real, to look round in."""
    from api.demo.fill import fill  # noqa: PLC0415 - loads Pillow, and the story

    click.echo("\n".join(with_database(lambda database: fill(given_settings(), database)).lines()))
    click.echo("Start the server with the same settings, and sign in.")


@cli.command("migration-new")
@click.argument("message")
def migration_new(message: str) -> None:
    """Write a migration with the differences between the tables in the code and the database."""
    written = asyncio.run(new_migration(ready_settings().database_address, message))
    written.chmod(0o644)  # code is for everybody, unlike all else that is written
    click.echo(f"Wrote {written}; read it before you run it.")
