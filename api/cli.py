"""The commands of `python main.py`; without one it serves."""

import asyncio
import os
import secrets
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
from pydantic import TypeAdapter, ValidationError

from api.docs.openapi import VERSION
from api.forms import Name, Password, Username
from api.logs import start_logging
from api.middleware.errors import wrong_fields
from api.prove.plan import MAIN, Options, Unfinished
from api.server.reload import serve_and_reload
from api.server.supervisor import serve
from api.settings import Settings, WrongSettings, load_settings, misspelt_settings
from api.start import CannotStart, make_ready
from model.database.unit_of_work import Database, Transaction
from model.errors import Refusal
from model.log.event import begin_epoch, write_events
from model.password import Passwords
from model.schema import new_migration
from model.session import revoke_other_sessions
from model.user import ServerRole, create_user, find_account_by_name, set_password_hash

T = TypeVar("T")


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


@cli.command("serve")
@click.option("--reload", is_flag=True, help="Start again whenever code, templates or .env change.")
def serve_command(*, reload: bool = False) -> None:
    """Serve until Ctrl-C. This also happens when no command is given."""
    start_logging()
    try:
        serve_and_reload() if reload else serve(given_settings())
    except CannotStart as error:
        raise click.ClickException(str(error)) from None


def as_registered(kind: Any) -> Callable[..., str | None]:
    """What a parameter is after the rules of the form for new accounts."""
    rules = TypeAdapter[str](kind)

    def judge(_: click.Context, __: click.Parameter, typed: str | None) -> str | None:
        try:
            return typed if typed is None else rules.validate_python(typed)
        except ValidationError as error:
            raise click.BadParameter(wrong_fields(error)["body"]) from None

    return judge


@cli.command("user-add")
@click.argument("username", callback=as_registered(Username))
@click.option(
    "--name",
    callback=as_registered(Name),
    help="The name that others see; the username by default.",
)
@click.option("--role", type=click.Choice([role.value for role in ServerRole]), default="member")
@click.password_option(
    callback=as_registered(Password), help="The password; asked for when it is not given."
)
def user_add(username: str, name: str | None, role: str, password: str) -> None:
    """Make an account."""

    async def add(db: Transaction, password_hash: str) -> str:
        user = await create_user(
            db, username, name or username, password_hash, role=ServerRole(role)
        )
        return f"Added {user.username} with the id {user.id}, role {user.role}."

    click.echo(with_password(password, add))


@cli.command("user-password")
@click.argument("username")
@click.password_option(
    callback=as_registered(Password), help="The password; asked for when it is not given."
)
def user_password(username: str, password: str) -> None:
    """Set somebody's password, and sign them out everywhere."""

    async def change(db: Transaction, password_hash: str) -> str:
        found = await find_account_by_name(db, username)
        if found is None:
            raise click.ClickException(f"There is no active account with the name {username}.")
        await set_password_hash(db, found[0], password_hash)
        await revoke_other_sessions(db, found[0].id, but=None, by=None)
        return f"Changed the password of {found[0].username}; all sessions are signed out."

    click.echo(with_password(password, change))


@cli.command("new-epoch")
def new_epoch() -> None:
    """Begin a new log after restoring a backup, so that every client fetches everything again."""

    async def begin(database: Database) -> str:
        async with database.write("command") as db:
            return await begin_epoch(db)

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

    click.echo("\n".join(with_database(lambda database: fill(load_settings(), database)).lines()))
    click.echo("Start the server, and sign in.")


@cli.command("migration-new")
@click.argument("message")
def migration_new(message: str) -> None:
    """Write a migration with the differences between the tables in the code and the database."""
    written = asyncio.run(new_migration(ready_settings().database_address, message))
    written.chmod(0o644)  # code is for everybody, unlike all else that is written
    click.echo(f"Wrote {written}; read it before you run it.")


def given_settings() -> Settings:
    """The settings, once what is misspelt among them has been told."""
    try:
        for sentence in misspelt_settings():
            click.echo(sentence, err=True)
        return load_settings()
    except WrongSettings as error:
        raise click.ClickException(str(error)) from None


def ready_settings() -> Settings:
    """The settings, once the instance folder is open and the database up to date."""
    settings = given_settings()
    try:
        make_ready(settings)
    except CannotStart as error:
        raise click.ClickException(str(error)) from None
    return settings


def with_database(work: Callable[[Database], Awaitable[T]]) -> T:
    """Do a command's work with the database."""
    settings = ready_settings()

    async def run() -> T:
        database = Database(settings.database_address, before_commit=write_events)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except Refusal as refusal:
        raise click.ClickException(refusal.detail) from None


def with_password(password: str, change: Callable[[Transaction, str], Awaitable[T]]) -> T:
    """Hash a password, then carry out a command's change in one transaction."""

    async def run(database: Database) -> T:
        passwords = Passwords()
        try:
            password_hash = await passwords.hash(password)
        finally:
            passwords.close()
        async with database.write("command") as db:
            return await change(db, password_hash)

    return with_database(run)
