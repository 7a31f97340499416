"""The commands of `python main.py`; without one it serves."""

import asyncio
import gc

import click

from api.commands import backup, copy, doctor, prove, routes, shell, users
from api.commands.run import given_settings, ready_settings, with_database
from api.commands.version import version_option
from api.logs import start_logging
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
@version_option
@click.pass_context
def cli(context: click.Context) -> None:
    """Homeroom: accounts, groups, channels and posts for a class, a club or a small team."""
    if context.invoked_subcommand is None:
        context.invoke(serve_command)


def main() -> None:
    """Be the program, in a process of its own."""
    gc.freeze()  # to look through all that is imported at the end takes a quarter of a command
    cli()


for command in (
    *users.COMMANDS,
    *doctor.COMMANDS,
    *backup.COMMANDS,
    *copy.COMMANDS,
    *prove.COMMANDS,
    *routes.COMMANDS,
    *shell.COMMANDS,
):
    cli.add_command(command)


@cli.command("serve")
@click.option("--bind", metavar="ADDRESS:PORT", help="Instead of HOMEROOM_BIND.")
@click.option("--workers", metavar="NUMBER", help="Instead of HOMEROOM_WORKERS.")
@click.option("--reload", is_flag=True, help="Start again whenever code, templates or .env change.")
def serve_command(*, reload: bool = False, **options: str | None) -> None:
    """Serve until Ctrl-C. This also happens when no command is given."""
    given = {name: value for name, value in options.items() if value is not None}
    if reload:
        serve_and_reload([f"--{name}={value}" for name, value in given.items()])
        return
    settings = given_settings(**given)
    start_logging(settings.log_level, settings.log_format, node=settings.node)
    try:
        serve(settings)
    except CannotStart as error:
        raise click.ClickException(str(error)) from None


@cli.command("new-epoch")
def new_epoch() -> None:
    """Begin a new log after putting back a copy by hand: every client fetches everything again."""

    async def begin(database: Database) -> str:
        async with database.write("command") as db:
            epoch = await begin_epoch(db)
            await record_server_act(db, "epoch.begun", by=None)
            return epoch

    click.echo(f"A new log has begun. Its epoch is {with_database(begin)}.")


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
