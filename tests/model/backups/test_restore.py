"""A backup that is put back: all is as it was, and nobody is let in who was to be kept out."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import text
from sqlalchemy.engine import URL

from api.app import create_app
from api.context import Services
from model.backups.archive import Unusable
from model.database.address import database_address, sqlite_address
from model.database.unit_of_work import Database
from model.storage.store import FolderStore
from tests.support.backups import backed_up, put_back
from tests.support.cast import Cast, settings_of_tests
from tests.support.databases import new_postgresql
from tests.support.people import PASSWORD, Person
from tests.support.stores import ON_EVERY_STORE, kept

pytestmark = pytest.mark.own_database

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CONTENT = b"0123456789" * 500


@pytest.fixture
def elsewhere(database_url: str, tmp_path: Path) -> Iterator[URL]:
    """Where there is nothing yet, of the other kind."""
    if database_url.startswith("sqlite"):
        with new_postgresql() as url:
            yield database_address(url)
    else:
        yield sqlite_address(tmp_path / "elsewhere" / "app.db")


@asynccontextmanager
async def served(address: URL, instance: Path) -> AsyncIterator[Quart]:
    url = address.render_as_string(hide_password=False)
    app = create_app(settings_of_tests(instance, url), prepared=True)
    async with app.test_app():
        yield app


async def signed_in(who: Person, app: Quart) -> Person:
    """Somebody who has to sign in anew, which the test sees to."""
    who = who.before(app)
    await who.get("/api/me", 401)
    form = {"username": who.username, "password": PASSWORD, "token": True}
    token = (await who.post("/api/sessions", form))["token"]
    who.headers["Authorization"] = f"Bearer {token}"
    return who


async def seen(people: Cast, who: Person) -> Any:
    """What somebody finds, but for where the log is."""
    posts = await who.get(people.posts)
    found = await who.get("/api/search?q=morning")
    (file,) = posts["posts"][-1]["files"]
    content = await who.get(f"/api/files/{file['id']}")
    return posts["posts"], [each["post"] for each in found["results"]], content


@pytest.fixture
async def post(people: Cast) -> None:
    """A post that carries a file."""
    file = await people.ann.upload(CONTENT)
    await people.ann.post(people.posts, {"text": "Good morning!", "file_ids": [file["id"]]})


@ON_EVERY_STORE
@pytest.mark.usefixtures("post")
async def test_all_is_as_it_was_on_a_database_of_the_other_kind_too(
    people: Cast, services: Services, elsewhere: URL, tmp_path: Path
) -> None:
    """It takes a second: there are two databases, and two who sign in."""
    epoch = (await people.bob.get(people.posts))["live"]["epoch"]
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    before = await seen(people, people.bob)
    await backed_up(services, tmp_path / "a.zip")
    await people.ann.post(people.posts, {"text": "after it"})
    restored = await put_back(tmp_path / "a.zip", elsewhere, tmp_path / "elsewhere")
    assert (restored.before, restored.lost_files) == (None, 0)
    async with served(elsewhere, tmp_path / "elsewhere") as app:
        bob = await signed_in(people.bob, app)
        assert await seen(people, bob) == before
        live = (await bob.get(people.posts))["live"]
        assert live["epoch"] != epoch
        await people.eve.before(app).post("/api/memberships", {"join_code": code["join_code"]}, 401)
        root = await signed_in(people.root, app)
        (act, *_) = (await root.get("/api/admin/acts"))["acts"]
        assert (act["kind"], act["via"]) == ("backup.restored", "command")


@ON_EVERY_STORE
@pytest.mark.usefixtures("post")
async def test_what_was_there_is_kept_and_no_id_is_given_out_again(
    people: Cast, app: Quart, services: Services, database_url: str, tmp_path: Path
) -> None:
    address, instance = database_address(database_url), services.settings.instance
    await backed_up(services, tmp_path / "a.zip")
    backed_up_files = await kept(services.store)
    later = await people.ann.upload(b"later")
    form = {"text": "after it", "file_ids": [later["id"]]}
    last = await people.ann.post(people.posts, form)
    all_files = await kept(services.store)
    await app.shutdown()
    restored = await put_back(tmp_path / "a.zip", address, instance, services.store)
    if address.get_backend_name() == "sqlite":
        assert restored.before
        assert posts_in(restored.before / "app.db") == 2
        assert await kept(FolderStore(restored.before / "files")) == all_files
        assert await kept(services.store) == backed_up_files
    else:
        assert await schemas(services.database) == 1
        assert await kept(services.store) == all_files
    async with served(address, instance) as anew:
        ann = await signed_in(people.ann, anew)
        assert [post["text"] for post in (await ann.get(people.posts))["posts"]] == [
            "Good morning!"
        ]
        assert (await ann.post(people.posts, {"text": "anew"}))["id"] == last["id"] + 1


@SQLITE
@pytest.mark.usefixtures("post")
async def test_without_files_those_that_are_there_stay(
    app: Quart, services: Services, database_url: str, tmp_path: Path
) -> None:
    address, instance = database_address(database_url), services.settings.instance
    await backed_up(services, tmp_path / "a.zip", with_files=False)
    files = await kept(services.store)
    await app.shutdown()
    restored = await put_back(tmp_path / "a.zip", address, instance, services.store)
    assert restored.lost_files == 0
    assert await kept(services.store) == files
    elsewhere = await put_back(
        tmp_path / "a.zip", sqlite_address(tmp_path / "new" / "app.db"), tmp_path / "new"
    )
    assert elsewhere.lost_files == 1


@SQLITE
async def test_what_cannot_be_put_back_changes_nothing(
    people: Cast, services: Services, database_url: str, tmp_path: Path
) -> None:
    address, instance = database_address(database_url), services.settings.instance
    async with services.database.write() as db:
        await db.run(text("UPDATE schema SET head = '9999'"))
    await backed_up(services, tmp_path / "newer.zip")
    (tmp_path / "other.zip").write_bytes(b"PK" * 100)
    for name, said in (("newer", "update this one first"), ("other", "no backup of Homeroom")):
        with pytest.raises(Unusable, match=said):
            await put_back(tmp_path / f"{name}.zip", address, instance)
    await people.bob.get(people.posts)  # who is still signed in
    assert not [*instance.glob("before-*"), *instance.glob("restoring")]


def posts_in(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        (count,) = database.execute("SELECT count(*) FROM posts").fetchone()
    return int(count)


async def schemas(database: Database) -> int:
    async with database.read() as db:
        rows = await db.all(text("SELECT nspname FROM pg_namespace WHERE nspname ~ '^before_'"))
    return len(rows)
