"""Backups: who sees, makes, fetches and deletes them, and when they are made by themselves."""

import asyncio
import io
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import update

from api import backup_jobs
from api.backup_jobs import BackupKeeper, backups_folder
from api.context import Services
from model.backup import Backups, BackupState
from model.backup_chores import TRY_AGAIN_AFTER
from model.database.lock import taken
from model.database.table import as_of, now
from model.session import CONFIRMATION_LASTS
from tests.api.browser import problem
from tests.api.tables import Action, Statuses, rows, tried
from tests.api.test_confirmation import confirmed_before
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.exporting import MADE_WITHIN_S, until_made
from tests.support.people import Person, Visitor

BACKUPS = "/api/admin/backups"
EXAMPLES = (
    Example(
        "POST /api/admin/backups",
        {"with_files": False},
        makes="backup_id",
        by=("root",),
        few=True,
        often=0,
    ),
    Example("POST /api/admin/backups/{backup_id}/links", by=("root",), often=0),
    Example("DELETE /api/admin/backups/{backup_id}", by=("root",), often=0),
)
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it takes seconds


DAILY = {"backups": "daily", "backup_at": "03:00", "backups_kept": 2}
A_DAY = timedelta(days=1)


async def made(who: Person, **form: bool) -> Any:
    """A backup that is done."""
    backup = await until_made(who, await who.post(BACKUPS, form, status=202), BACKUPS)
    assert backup["state"] == "done", backup
    return backup


async def listed(who: Person) -> list[Any]:
    """All backups, newest first."""
    found: list[Any] = (await who.get(BACKUPS))["backups"]
    return found


async def keep(services: Services) -> None:
    """Do what a worker does about backups until nothing is left."""
    keeper = BackupKeeper(services.database, services.store, services.settings)
    async with asyncio.timeout(MADE_WITHIN_S):
        while not await keeper.keep_alone():
            await asyncio.sleep(0.02)  # another one is at it


async def kept_at(services: Services, moment: datetime) -> None:
    """What two workers do at some moment, beside that of the application."""
    with as_of(moment):
        await asyncio.gather(keep(services), keep(services))


def files_of(services: Services) -> set[str]:
    return {file.name for file in backups_folder(services.settings).glob("*")}


@ON_ONE
@rows("""
         list  make  show  link  file  delete
nobody   401   401   401   401   401   401
eve      403   403   403   403   403   403
ann      403   403   403   403   403   403
root     200   202   200   201   403   204
""")
async def test_who_may_do_what_with_backups(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    one = f"{BACKUPS}/{(await made(people.root))['id']}"
    actions: dict[str, Action] = {
        "list": ("GET", BACKUPS, None),
        "make": ("POST", BACKUPS, {}),
        "show": ("GET", one, None),
        "link": ("POST", f"{one}/links", None),
        "file": ("GET", f"{one}/file", None),
        "delete": ("DELETE", one, None),
    }
    assert await tried(actor, actions, may) == may


async def test_a_backup_is_made_followed_and_fetched(
    people: Cast, services: Services, url: str
) -> None:
    await people.bob.upload(b"its bytes")
    before = await people.root.get(BACKUPS)
    async with LiveClient(url, people.root.token) as live:
        await live.hello(before["live"])
        backup = await made(people.root)
        after = await people.root.get(BACKUPS)
        await live.event("admin", after["live"]["topics"]["admin"])
        told = [one["data"] for one in live.events("admin") if one["kind"] == "backup.changed"]
    assert told[-1] == after["backups"][0]
    assert (backup["origin"], backup["with_files"]) == ("asked", True)
    assert files_of(services) == {backup["name"]}
    link = await people.root.post(f"{BACKUPS}/{backup['id']}/links")
    content = await people.root.get(link["url"])
    assert len(content) == backup["size_bytes"]
    opened = ZipFile(io.BytesIO(content))
    assert opened.testzip() is None
    assert {name.partition("/")[0] for name in opened.namelist()} == {
        "app.db", "files", "manifest.json",
    }  # fmt: skip
    (act, *_) = (await people.root.get("/api/admin/acts"))["acts"]
    assert (act["kind"], act["subject"]) == ("backup.fetched", f"backup:{backup['id']}")


@ON_ONE
async def test_a_link_to_a_backup_is_for_the_session_that_asked_for_it(people: Cast) -> None:
    one, other = await made(people.root), await made(people.root, with_files=False)
    link = (await people.root.post(f"{BACKUPS}/{one['id']}/links"))["url"]
    await people.root.patch(f"/api/users/{people.ann.id}", {"role": "admin"})
    problem(await people.ann.ask("GET", link), 403, "link_needed")
    of_other = link.replace(f"/{one['id']}/", f"/{other['id']}/")
    problem(await people.root.ask("GET", of_other), 403, "link_needed")
    part = await people.root.ask("GET", link, Range="bytes=0-3")
    assert (part.status, part.body) == (206, b"PK\x03\x04")


@ON_ONE
@pytest.mark.parametrize("changed_settings", [{"backup_download": "off"}])
async def test_nobody_fetches_a_backup_unless_whoever_runs_the_server_allows_it(
    people: Cast,
) -> None:
    one = f"{BACKUPS}/{(await made(people.root))['id']}"
    for method, path in (("POST", f"{one}/links"), ("GET", f"{one}/file")):
        assert (
            "HOMEROOM_BACKUP_DOWNLOAD"
            in problem(await people.root.ask(method, path), 403, "download_off")["detail"]
        )
    kinds = [act["kind"] for act in (await people.root.get("/api/admin/acts"))["acts"]]
    assert "backup.fetched" not in kinds


@ON_ONE
async def test_fetching_and_deleting_want_the_password_again(
    people: Cast, services: Services
) -> None:
    one = f"{BACKUPS}/{(await made(people.root))['id']}"
    await confirmed_before(services, CONFIRMATION_LASTS + timedelta(seconds=1))
    for method, path in (("POST", f"{one}/links"), ("DELETE", one)):
        problem(await people.root.ask(method, path), 403, "password_needed")
    await people.root.get(one)


async def test_a_deleted_backup_is_gone_with_its_file(people: Cast, services: Services) -> None:
    backup = await made(people.root, with_files=False)
    await people.root.delete(f"{BACKUPS}/{backup['id']}")
    await people.root.get(f"{BACKUPS}/{backup['id']}", 404)
    await kept_at(services, now())
    assert (await listed(people.root), files_of(services)) == ([], set())


def at_night(days: int) -> datetime:
    """When the next backup is due, or the one so many days later."""
    moment = now()
    today = datetime.combine(moment.date(), time(3), UTC)
    return today + (days + (moment >= today)) * A_DAY


async def of_schedule(who: Person) -> list[Any]:
    return [one for one in await listed(who) if one["origin"] == "scheduled"]


@ON_ONE
@pytest.mark.parametrize("changed_settings", [DAILY])
async def test_one_is_made_every_day_and_so_many_are_kept(people: Cast, services: Services) -> None:
    asked = await made(people.root)
    await kept_at(services, now())
    (first,) = await of_schedule(people.root)
    for moment in (at_night(0) - timedelta(minutes=1), now()):
        await kept_at(services, moment)
    assert [one["id"] for one in await of_schedule(people.root)] == [first["id"]]
    for days in (0, 1, 4):  # the server was stopped for two of them
        for minutes in (0, 5):
            await kept_at(services, at_night(days) + timedelta(minutes=minutes))
    kept = await of_schedule(people.root)
    assert [one["created_at"][:10] for one in kept] == [f"{at_night(n):%Y-%m-%d}" for n in (4, 1)]
    assert files_of(services) == {one["name"] for one in (*kept, asked)}


@ON_ONE
@pytest.mark.parametrize("changed_settings", [DAILY])
async def test_one_that_somebody_deletes_is_not_made_again_on_that_day(
    people: Cast, services: Services
) -> None:
    await kept_at(services, now())
    (first,) = await of_schedule(people.root)
    await people.root.delete(f"{BACKUPS}/{first['id']}")
    for _ in range(2):
        await kept_at(services, at_night(0) - timedelta(minutes=1))
        assert (await listed(people.root), files_of(services)) == ([], set())
    await kept_at(services, at_night(0))
    assert len(await of_schedule(people.root)) == 1


@ON_ONE
@pytest.mark.parametrize("changed_settings", [DAILY])
async def test_one_that_has_failed_is_told_and_tried_again_after_an_hour(
    people: Cast, services: Services
) -> None:
    await kept_at(services, at_night(0))
    async with services.database.write() as db:
        failed = {"state": BackupState.FAILED, "problem": "The disk has no room for it."}
        await db.run(update(Backups).values(**failed, created_at=at_night(0)))
    warnings = (await people.root.get("/api/admin/overview"))["warnings"]
    said = {warning["code"]: warning["detail"] for warning in warnings}
    assert said["backup_failed"] == "The last backup has failed. The disk has no room for it."
    await kept_at(services, at_night(0) + TRY_AGAIN_AFTER / 2)
    assert [one["state"] for one in await of_schedule(people.root)] == ["failed"]
    await kept_at(services, at_night(0) + TRY_AGAIN_AFTER + timedelta(minutes=1))
    assert [one["state"] for one in await of_schedule(people.root)] == ["done"]
    warnings = (await people.root.get("/api/admin/overview"))["warnings"]
    assert not {warning["code"] for warning in warnings} & {"backup_failed", "no_backup"}


@ON_ONE
async def test_what_lies_in_the_folder_is_what_is_listed(people: Cast, services: Services) -> None:
    backup, folder = await made(people.root), backups_folder(services.settings)
    (folder / backup["name"]).rename(folder / "before-the-holidays.zip")
    (folder / "holidays.zip").write_bytes(b"no backup")
    await kept_at(services, now())
    (found,) = await listed(people.root)
    assert (found["name"], found["origin"]) == ("before-the-holidays.zip", "found")
    assert {found[fact] == backup[fact] for fact in ("made_at", "size_bytes", "sha256")} == {True}
    await people.root.delete(f"{BACKUPS}/{found['id']}")
    await kept_at(services, now())
    assert (await listed(people.root), files_of(services)) == ([], {"holidays.zip"})


@ON_ONE
async def test_an_archive_whose_worker_was_killed_before_it_was_noted_is_taken_as_it_is(
    people: Cast, services: Services
) -> None:
    backup = await made(people.root)
    async with services.database.write() as db:
        unfinished = {"state": BackupState.RUNNING, "sha256": None, "made_at": None}
        await db.run(update(Backups).values(**unfinished))
    await kept_at(services, now())
    assert await listed(people.root) == [{key: backup[key] for key in backup if key != "live"}]


@ON_ONE
async def test_one_that_waits_is_not_made_twice_nor_any_more_when_it_is_deleted(
    people: Cast, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_jobs, "TELL_EVERY_S", 0.05)
    async with taken(services.database, services.settings.instance / "jobs.lock") as is_ours:
        assert is_ours
        wanted = await people.root.post(BACKUPS, {}, status=202)
        assert (await people.root.post(BACKUPS, {}, status=202))["id"] == wanted["id"]
        other = await people.root.post(BACKUPS, {"with_files": False}, status=202)
        assert other["id"] != wanted["id"]
        for one in (wanted, other):
            await people.root.delete(f"{BACKUPS}/{one['id']}")
    await kept_at(services, now())
    assert (await listed(people.root), files_of(services)) == ([], set())


@ON_ONE
async def test_the_newest_backup_is_in_the_overview(people: Cast) -> None:
    async def codes() -> set[str]:
        overview = await people.root.get("/api/admin/overview")
        return {warning["code"] for warning in overview["warnings"]}

    assert "no_backup" in await codes()
    backup = await made(people.root)
    overview = await people.root.get("/api/admin/overview")
    assert overview["last_backup_at"] == backup["made_at"]
    assert "no_backup" not in await codes()
    with as_of(now() + timedelta(days=3, minutes=1)):
        assert "no_backup" in await codes()
