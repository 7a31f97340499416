"""Accounts before they are made: what usernames people would get, and what is wrong with them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import bindparam, false, select, union

from model.ban import Bans
from model.database.json_rows import json_object, json_rows
from model.database.unit_of_work import Transaction
from model.errors import Invalid
from model.group import Group, Memberships, require_open
from model.text.username_proposal import numbered
from model.user import Users
from model.username import RetiredUsernames, username_key


@dataclass(frozen=True)
class NewPerson:
    """Somebody who is to have an account, and what is wrong with her fields so far.

    She is in a `line` of a roster, which errors call by its `place`. `like` is a username that
    suits her, if none is given.
    """

    line: int
    place: str
    name: str
    username: str | None
    email: str | None
    like: str
    problems: Mapping[str, str]


@dataclass(frozen=True)
class PlannedAccount:
    """The account that somebody would get, what is wrong with it, and what is worth knowing."""

    username: str
    is_proposed: bool
    problems: dict[str, str]
    notes: list[str]


_LOST = set("?\ufffd")  # as what cannot be decoded or encoded is written

_asked, _named = json_rows("username_keys"), json_rows("names")
_TAKEN = union(
    select(Users.username_key, Bans.user_id.is_not(None).label("is_banned"))
    .join_from(_asked, Users, Users.username_key == _asked.c.key)
    .outerjoin(Bans, (Bans.user_id == Users.id) & (Bans.group_id == bindparam("group_id"))),
    select(RetiredUsernames.username_key, false()).join_from(
        _asked, RetiredUsernames, RetiredUsernames.username_key == _asked.c.key
    ),
)
_NAMES_IN_GROUP = (
    select(Users.name)
    .distinct()
    .join_from(_named, Users, Users.name == _named.c.key)
    .join(Memberships, Memberships.user_id == Users.id)
    .where(Memberships.group_id == bindparam("group_id"))
)


async def plan_accounts(
    db: Transaction, group: Group | None, people: Sequence[NewPerson]
) -> list[PlannedAccount]:
    """What would become of each person, in their order, in a group or in none.

    Whoever has no username gets one that nobody has or has had, nor gets by the same roster. Raises
    Forbidden in an archived group.
    """
    if group:
        require_open(group)
    group_id = group.id if group else 0
    keys = [username_key(one.username or "") for one in people]
    taken = await _taken(db, group_id, {*keys} - {""})
    likes = [one.like for one in people if not one.username]
    proposals = iter(await _proposals(db, group_id, likes, reserved={*keys}))
    names = [one.name for one in people]
    found = await db.all(_NAMES_IN_GROUP, names=json_object(names), group_id=group_id)
    in_group, namesakes, holders = {row.name for row in found}, Counter(names), Counter(keys)
    return [
        PlannedAccount(
            one.username or next(proposals),
            not one.username,
            {**_problem_of(key, taken, holders), **one.problems},
            _notes_on(one.name, in_group, namesakes),
        )
        for one, key in zip(people, keys, strict=True)
    ]


def require_no_problems(people: Sequence[NewPerson], planned: Sequence[PlannedAccount]) -> None:
    """Raises Invalid with all that is wrong with any of them."""
    wrong = {
        f"{one.place}.{field}": said
        for one, account in zip(people, planned, strict=True)
        for field, said in account.problems.items()
    }
    if wrong:
        raise Invalid(wrong)


async def _taken(db: Transaction, group_id: int, keys: Iterable[str]) -> dict[str, bool]:
    """Those usernames that somebody has or has had; whether she is banned from the group."""
    rows = await db.all(_TAKEN, username_keys=json_object(keys), group_id=group_id)
    return {row.username_key: bool(row.is_banned) for row in rows}


async def _proposals(
    db: Transaction, group_id: int, likes: Sequence[str], reserved: set[str]
) -> list[str]:
    """A username like each of some, with a number where it is taken or reserved."""
    wanted, found = Counter(likes), {like: list[str]() for like in likes}
    number, spare = dict.fromkeys(likes, 1), 3
    while short := {
        like: n - len(found[like]) for like, n in wanted.items() if len(found[like]) < n
    }:
        tried = {}
        for like, lacking in short.items():
            end = number[like] + lacking + spare
            tried[like] = [numbered(like, n) for n in range(number[like], end)]
            number[like] = end
        reserved |= (await _taken(db, group_id, chain.from_iterable(tried.values()))).keys()
        for like, usernames in tried.items():
            free = [one for one in usernames if one not in reserved][: short[like]]
            found[like] += free
            reserved |= {*free}
        spare *= 4
    left = {like: iter(usernames) for like, usernames in found.items()}
    return [next(left[like]) for like in likes]


def _problem_of(key: str, taken: Mapping[str, bool], holders: Mapping[str, int]) -> dict[str, str]:
    """What is wrong with a username that was given."""
    if not key:
        return {}
    if holders[key] > 1:
        return {"username": "More than one row has this username."}
    if key in taken:
        banned = "Whoever has this username is banned from the group."
        return {"username": banned if taken[key] else "Somebody has this username, or had it."}
    return {}


def _notes_on(name: str, in_group: set[str], namesakes: Mapping[str, int]) -> list[str]:
    notes = []
    if set(name) & _LOST:
        notes.append("A letter seems to be lost.")
    if name in in_group:
        notes.append("Somebody in the group is called so.")
    if name and namesakes[name] > 1:
        notes.append("Another row has the same name.")
    return notes
