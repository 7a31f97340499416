"""The record is complete: whoever acts on what is not her own is written down.

Every route and every command is in one of the tables here: a new one has to say what it is.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import select

from api.cli import cli
from api.context import Services
from model.act import Acts
from model.database.row import AnyRow
from tests.support.cast import Cast
from tests.support.examples import Example, ask, examples, nameless
from tests.support.world import World

GROUP, SERVER = "group", "server"

ACTS = {
    "PUT /api/groups/{}/applications/{}": (GROUP, "application.accepted"),
    "DELETE /api/groups/{}/applications/{}": (GROUP, "application.refused"),
    "PUT /api/groups/{}/bans/{}": (GROUP, "member.banned"),
    "DELETE /api/groups/{}/bans/{}": (GROUP, "member.unbanned"),
    "POST /api/groups/{}/channels": (GROUP, "channel.created"),
    "PATCH /api/channels/{}": (GROUP, "channel.edited"),
    "DELETE /api/channels/{}": (GROUP, "channel.deleted"),
    "PUT /api/channels/{}/members/{}": (SERVER, "channel_member.added"),
    "DELETE /api/channels/{}/members/{}": (SERVER, "channel_member.removed"),
    "PATCH /api/groups/{}": (GROUP, "group.edited"),
    "DELETE /api/groups/{}": (SERVER, "group.deleted"),
    "POST /api/groups/{}/join-code": (GROUP, "code.made"),
    "PATCH /api/groups/{}/join-code": (GROUP, "code.changed"),
    "DELETE /api/groups/{}/join-code": (GROUP, "code.withdrawn"),
    "PUT /api/groups/{}/members/{}": (GROUP, "role.changed"),
    "DELETE /api/groups/{}/members/{}": (GROUP, "member.removed"),
    "PUT /api/groups/{}/members/{}/mute": (GROUP, "member.muted"),
    "DELETE /api/groups/{}/members/{}/mute": (GROUP, "member.unmuted"),
    "PUT /api/posts/{}/pin": (GROUP, "post.pinned"),
    "DELETE /api/posts/{}/pin": (GROUP, "post.unpinned"),
    "PATCH /api/reports/{}": (GROUP, "report.settled"),
    "POST /api/groups/{}/exports": (GROUP, "export.made"),
    "POST /api/groups/{}/roster": (GROUP, "roster.enrolled"),
    "POST /api/groups/{}/roster/{}/link": (GROUP, "link.made"),
    "POST /api/users/{}/reset-links": (SERVER, "link.made"),
    "POST /api/admin/users": (SERVER, "account.added"),
    "PATCH /api/users/{}": (SERVER, "account.changed"),
    "DELETE /api/users/{}": (SERVER, "account.deleted"),
    "DELETE /api/users/{}/sessions": (SERVER, "sessions.ended"),
    "DELETE /api/admin/groups/{}": (SERVER, "group.deleted"),
    "PUT /api/admin/groups/{}/membership": (GROUP, "group.entered"),
    "POST /api/admin/backups": (SERVER, "backup.made"),
    "DELETE /api/admin/backups/{}": (SERVER, "backup.deleted"),
    "POST /api/admin/backups/{}/links": (SERVER, "backup.fetched"),
}
"""Where each request is written down, and as what."""

OWN = {
    "DELETE /api/me/applications/{}", "PUT /api/me/avatar", "DELETE /api/me/avatar",
    "PATCH /api/me", "DELETE /api/me", "PUT /api/me/password", "POST /api/me/email-confirmation",
    "PUT /api/me/documents/{}", "PATCH /api/me/documents/{}", "DELETE /api/me/documents/{}",
    "POST /api/account-links", "PUT /api/password-resets", "POST /api/password-resets",
    "PUT /api/email-confirmations",
    "POST /api/sessions", "POST /api/sessions/current/confirmation",
    "DELETE /api/sessions/{}", "DELETE /api/sessions/current", "DELETE /api/sessions",
    "POST /api/tokens", "DELETE /api/tokens/{}", "POST /api/me/exports",
    "POST /api/users", "POST /api/groups", "POST /api/memberships",
    "PUT /api/channels/{}/read-mark", "POST /api/channels/{}/posts", "PATCH /api/posts/{}",
    "POST /api/posts/{}/reports", "PUT /api/posts/{}/reactions/{}",
    "DELETE /api/posts/{}/reactions/{}",
    "POST /api/files", "DELETE /api/files/{}", "POST /api/files/{}/links",
    "POST /api/channels/{}/scores", "POST /api/qr-codes",
    "PUT /api/channels/{}/documents/{}", "PATCH /api/channels/{}/documents/{}",
}  # fmt: skip
"""What people do for themselves, or write in a group as everybody there may."""

SOMETIMES = {
    "DELETE /api/posts/{}",  # of somebody else, by a moderator: tests/api/test_acts.py
    "DELETE /api/scores/{}",
    "DELETE /api/channels/{}/documents/{}",
    "PATCH /api/admin/groups/{}",  # what changes something: tests/api/test_admin_groups.py
    "PUT /api/admin/groups/{}/owner",
}
"""Acts or not, as it comes."""

COMMANDS = {"user-add", "user-password", "user-link", "new-epoch", "demo", "restore", "backup"}
"""Recorded, too: tests/api/test_cli.py, test_demo.py and test_backups.py."""

READING_COMMANDS = {
    "serve", "prove", "migration-new", "user-list", "routes", "doctor", "copy-to", "shell"
}  # fmt: skip
"""Nothing is done to anybody by these alone."""

SECRET = re.compile(r"[A-Za-z0-9_-]{20,}|[0-9A-HJKMNP-TV-Z]{10}")
"""A token or a join code."""

_ACTS = select(*Acts.__table__.columns).order_by(Acts.id)


async def acts(services: Services) -> Sequence[AnyRow]:
    async with services.database.read() as db:
        return await db.all(_ACTS)


def tried() -> list[Example]:
    """The first example of each request that is an act."""
    first = {nameless(one.operation): one for one in reversed(examples())}
    return [first[operation] for operation in ACTS]


def test_every_route_and_every_command_is_in_a_table(app: Quart) -> None:
    changing = {
        nameless(f"{method} {re.sub(r'<[^>]+>', '{}', rule.rule)}")
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    assert changing == {*ACTS, *OWN, *SOMETIMES}
    assert cli.commands.keys() == COMMANDS | READING_COMMANDS


@pytest.mark.parametrize("example", tried(), ids=lambda one: nameless(one.operation))
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # one INSERT for all
async def test_whoever_acts_on_what_is_not_her_own_is_written_down(
    app: Quart, services: Services, people: Cast, example: Example
) -> None:
    world = World(app, services, people)
    who = await world.person(example.by[0])
    method, path, body = await world.request(example, who)
    before = await acts(services)
    answer = await ask(who, (method, path, body))
    assert answer.status < 300, answer
    made = (await acts(services))[len(before) :]
    place, kind = ACTS[nameless(example.operation)]
    found = [act for act in made if (act.kind, act.group_id is None) == (kind, place == SERVER)]
    assert len(found) == 1, [(act.kind, act.group_id) for act in made]
    (act,) = found
    assert (act.by_id, act.via) == (who.id, "request")
    assert not SECRET.search(json.dumps([act.subject, act.details])), act
    assert_whom(example, path, act)


def assert_whom(example: Example, path: str, act: Any) -> None:
    """The last number of the path is the person or the thing; a thing is named with its noun."""
    numbers = re.findall(r"\d+", path)
    whom = {str(act.person_id), *re.findall(r"\d+", act.subject or "")}
    if example.method != "POST" and len(numbers) > 1:
        assert numbers[-1] in whom, (path, act)
