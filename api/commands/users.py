"""The commands about accounts: making them, and helping whoever cannot get in."""

from collections.abc import Callable
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from api.commands.run import ready_settings, show_table, with_database, with_password
from api.forms import Name, Password, Username
from api.middleware.errors import wrong_fields
from model.account_link import set_password
from model.act import record_server_act
from model.database.page import MAX_LIMIT, Page
from model.database.unit_of_work import Database, Transaction
from model.password_reset import make_reset_link
from model.session import revoke_other_sessions
from model.user import (
    Account,
    ServerRole,
    User,
    create_user,
    find_account_by_name,
    list_accounts,
)


def as_registered(kind: Any) -> Callable[..., str | None]:
    """What a parameter is after the rules of the form for new accounts."""
    rules = TypeAdapter[str](kind)

    def judge(_: click.Context, __: click.Parameter, typed: str | None) -> str | None:
        try:
            return typed if typed is None else rules.validate_python(typed)
        except ValidationError as error:
            raise click.BadParameter(wrong_fields(error)["body"]) from None

    return judge


@click.command("user-add")
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
        await record_server_act(db, "account.added", by=None, person_id=user.id, role=user.role)
        return f"Added {user.username} with the id {user.id}, role {user.role}."

    click.echo(with_password(password, add))


@click.command("user-password")
@click.argument("username")
@click.password_option(
    callback=as_registered(Password), help="The password; asked for when it is not given."
)
def user_password(username: str, password: str) -> None:
    """Set somebody's password, and sign them out everywhere."""

    async def change(db: Transaction, password_hash: str) -> str:
        user = await find_active(db, username)
        await set_password(db, user, password_hash)
        await revoke_other_sessions(db, user.id, but=None, by=None)
        await record_server_act(db, "password.set", by=None, person_id=user.id)
        return f"Changed the password of {user.username}; all sessions are signed out."

    click.echo(with_password(password, change))


@click.command("user-link")
@click.argument("username")
def user_link(username: str) -> None:
    """Print a link that lets somebody set a new password, once and within a day."""
    settings = ready_settings()

    async def make(database: Database) -> str:
        async with database.write("command") as db:
            user = await find_active(db, username)
            made = await make_reset_link(db, user, by=None)
        return (
            f"This link sets a new password for {user.username}, once, until"
            f" {made.expires_at:%Y-%m-%d %H:%M} UTC. Earlier ones do nothing any more.\n"
            f"{settings.url}/reset#token={made.token}"
        )

    click.echo(with_database(make, settings))


@click.command("user-list")
def user_list() -> None:
    """List all accounts."""

    async def listed(database: Database) -> list[Account]:
        accounts: list[Account] = []
        following: int | None = 0
        while following is not None:
            async with database.read() as db:
                found, following = await list_accounts(db, Page(MAX_LIMIT, after=following))
            accounts += found
        return accounts

    table = [("id", "username", "name", "role", "active", "last seen")]
    for one in with_database(listed):
        seen = f"{one.last_seen_on:%Y-%m-%d}" if one.last_seen_on else "never"
        active = "yes" if one.active else "no"
        table.append((str(one.id), one.username, one.name, one.role, active, seen))
    show_table(table)


async def find_active(db: Transaction, username: str) -> User:
    """The account that a command is about."""
    found = await find_account_by_name(db, username)
    if found is None:
        raise click.ClickException(f"There is no active account with the name {username}.")
    return found[0]


COMMANDS = (user_add, user_password, user_link, user_list)
