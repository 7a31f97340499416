"""The state of the server, which its administrators see."""

import pytest

from api.context import Services
from api.docs.openapi import VERSION
from model.schema import code_head
from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.people import Visitor
from tests.test_statements import counted

OVERVIEW = "/api/admin/overview"
SECRETS = {
    f"HOMEROOM_{name}"
    for name in ("DATABASE_URL", "SECRET_KEY", "MAIL_URL", "REDIS_URL", "METRICS_TOKEN")
}


@rows("""
         overview
nobody   401
eve      403
bob      403
ann      403
root     200
""")
async def test_who_may_see_the_state_of_the_server(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    assert await tried(actor, {"overview": ("GET", OVERVIEW, None)}, may) == may
    if may["overview"] == 403:
        problem(await actor.ask("GET", OVERVIEW), 403, "not_an_admin")


async def test_the_overview_says_what_runs_and_what_is_kept(
    services: Services, people: Cast
) -> None:
    await people.bob.upload(b"x" * 1000)
    await people.bob.upload(b"x" * 1000, name="the same.txt")
    with counted() as statements:
        said = await people.root.get(OVERVIEW)
    assert len(statements) <= 5
    assert said["version"] == VERSION
    assert said["started_at"] <= said["now"]
    assert [worker["worker"] for worker in said["workers"]] == [0]
    assert said["database"]["kind"] == ("SQLite" if services.database.is_sqlite else "PostgreSQL")
    assert said["database"]["head"] == code_head()
    assert said["database"]["bytes"] > 100_000
    assert said["files"] == {"place": "folder", "count": 1, "bytes": 1000}
    assert (said["people"], said["groups"], said["last_backup_at"]) == (5, 1, None)
    assert 0 < said["disk"]["free_bytes"] < said["disk"]["total_bytes"]


@pytest.mark.parametrize(
    "changed_settings",
    [{"secret_key": "a secret of forty characters and some more", "origins": ["https://a.test"]}],
)
async def test_settings_are_told_with_their_meaning_and_no_secret(people: Cast) -> None:
    answer = await people.root.ask("GET", OVERVIEW)
    told = {setting["name"]: setting for setting in answer.body["settings"]}
    assert {name for name, setting in told.items() if setting["is_secret"]} == SECRETS
    assert all(told[name]["value"] is None for name in SECRETS)
    assert all(len(setting["meaning"]) > 10 for setting in told.values())
    assert "forty characters" not in str(answer.body)
    assert told["HOMEROOM_SECRET_KEY"]["is_default"] is False
    assert told["HOMEROOM_ORIGINS"]["value"] == "https://a.test"
    assert told["HOMEROOM_AUDIT_DAYS"]["value"] == "365"
    assert told["HOMEROOM_AUDIT_DAYS"]["is_default"] is True


@pytest.mark.parametrize(
    ("changed_settings", "codes"),
    [
        ({}, ["no_backup", "no_public_url", "no_mail"]),
        ({"limits": "off", "public_url": "https://h.test"}, ["limits_off", "no_backup", "no_mail"]),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_wrong_is_said_in_one_line_each(people: Cast, codes: list[str]) -> None:
    warnings = (await people.root.get(OVERVIEW))["warnings"]
    assert [warning["code"] for warning in warnings] == codes
    assert all(warning["detail"].endswith(".") for warning in warnings)
