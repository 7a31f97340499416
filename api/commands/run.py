"""What the commands work with: the settings, the database, and a password that is hashed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import click

from api.instance import require_owner
from api.settings import Settings, WrongSettings, load_settings, misspelt_settings
from api.start import CannotStart, make_ready
from model.database.lock import InUse, serving
from model.database.unit_of_work import Database, Transaction
from model.errors import Refusal
from model.log.event import write_events
from model.password import Passwords

T = TypeVar("T")


def given_settings(**given: str | int) -> Settings:
    """The settings, once what is misspelt among them has been told; `given` wins over them."""
    try:
        for sentence in misspelt_settings():
            click.echo(sentence, err=True)
        return load_settings(**given)
    except WrongSettings as error:
        raise click.ClickException(str(error)) from None


def owner_settings() -> Settings:
    """The settings, for a command that leaves something in the instance folder."""
    settings = given_settings()
    try:
        require_owner(settings)
    except WrongSettings as error:
        raise click.ClickException(str(error)) from None
    return settings


def ready_settings() -> Settings:
    """The settings, once the instance folder is open and the database up to date."""
    settings = owner_settings()
    try:
        make_ready(settings)
    except CannotStart as error:
        raise click.ClickException(str(error)) from None
    return settings


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells in columns; the first row says what they are."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def with_database(work: Callable[[Database], Awaitable[T]], settings: Settings | None = None) -> T:
    """Do a command's work with the database; `settings` are ready, if they are given."""
    ready = settings or ready_settings()
    address = ready.database_address

    async def run() -> T:
        database = Database(address, before_commit=write_events)
        try:
            async with serving(address, ready.instance):
                return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except InUse as error:
        raise click.ClickException(str(error)) from None
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
