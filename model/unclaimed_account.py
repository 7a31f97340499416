"""Accounts that are made for others: nobody signs in until their people have set a password.

Each claims hers by a link, which an owner of a group or an administrator gives her.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, select
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore

from model.account_link import MadeLink
from model.database.json_rows import json_object, json_rows
from model.database.table import now
from model.database.unit_of_work import Transaction
from model.errors import TryAgain
from model.planned_account import NewPerson, PlannedAccount
from model.user import ServerRole, User, Users
from model.username import RetiredUsernames, username_key


@dataclass(frozen=True)
class AccountToClaim:
    """An account with the token that claims it, which is never known again."""

    id: int
    name: str
    username: str
    token: str


_new = json_rows("new_keys")
_INSERT_USER = insert_or_ignore(Users).on_conflict_do_nothing()
_MADE = (
    select(Users.id, Users.username_key)
    .join_from(_new, Users, Users.username_key == _new.c.key)
    .where(
        Users.created_at == bindparam("made_at"),
        Users.password_hash == "",
        ~exists().where(RetiredUsernames.username_key == Users.username_key),
    )
)
"""Not with a username that its holder has given up just now."""


async def insert_unclaimed(
    db: Transaction,
    people: Sequence[NewPerson],
    planned: Sequence[PlannedAccount],
    *,
    role: ServerRole = ServerRole.MEMBER,
) -> list[User]:
    """New accounts, one for each person.

    Raises TryAgain when one of the usernames was taken meanwhile.
    """
    at = now()
    keys = [username_key(account.username) for account in planned]
    await db.run_for_each(
        _INSERT_USER,
        [
            {
                "username": account.username,
                "username_key": key,
                "name": one.name,
                "email": one.email,
                "role": role,
                "active": True,
                "password_hash": "",
                "created_at": at,
            }
            for one, account, key in zip(people, planned, keys, strict=True)
        ],
    )
    made = await db.all(_MADE, new_keys=json_object(keys), made_at=at)
    if len(made) < len(keys):
        raise TryAgain
    ids = {row.username_key: row.id for row in made}
    return [
        User(
            ids[key], account.username, one.name, None, one.email, role, active=True, created_at=at
        )
        for one, account, key in zip(people, planned, keys, strict=True)
    ]


def accounts_to_claim(users: Sequence[User], links: Sequence[MadeLink]) -> list[AccountToClaim]:
    """The accounts, each with the token of its link."""
    return [
        AccountToClaim(user.id, user.name, user.username, link.token)
        for user, link in zip(users, links, strict=True)
    ]
