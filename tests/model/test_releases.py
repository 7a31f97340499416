"""What each release has kept is whole after an update to this one.

`tests/releases` has the rows of a small class, as each release wrote them through its own API; of
releases with the same tables the last one's.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Connection, DateTime, LargeBinary, MetaData, Table, insert, text
from sqlalchemy.ext.asyncio import create_async_engine

from api.app import create_app
from model import migration, schema
from tests.model.test_migrations import emptied
from tests.support.cast import settings_of_tests
from tests.support.people import Visitor
from tests.support.server import ROOT

RELEASES = {
    file.stem: json.loads(file.read_text()) for file in (ROOT / "tests" / "releases").glob("*.json")
}
PASSWORD = "correct horse"
CHANGED = {"reactions", "sessions", "epochs"}  # by a migration, or by whoever signs in
Rows = dict[str, list[dict[str, Any]]]


def written_by(release: dict[str, Any], connection: Connection) -> None:
    """Bring an empty database to where the release has left it."""
    migration.upgrade(connection, release["head"])
    rows: Rows = release["rows"]
    metadata = MetaData()
    metadata.reflect(connection, only=[*rows])
    for table in metadata.sorted_tables:
        connection.execute(insert(table), [as_typed(table, row) for row in rows[table.name]])
        if "id" in table.columns and connection.dialect.name == "postgresql":
            sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
            connection.execute(text(f"SELECT setval({sequence}, max(id)) FROM {table.name}"))


def as_typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """SQLite has kept moments and truths as text and numbers."""

    def typed(name: str, value: Any) -> Any:
        kind = table.columns[name].type
        if value is None:
            return None
        if isinstance(kind, DateTime):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        if isinstance(kind, Boolean):
            return bool(value)
        return bytes.fromhex(value["hex"]) if isinstance(kind, LargeBinary) else value

    return {name: typed(name, value) for name, value in row.items()}


async def counted(url: str, tables: Rows) -> dict[str, int]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        found = {
            name: (await connection.execute(text(f"SELECT count(*) FROM {name}"))).scalar_one()
            for name in tables
        }
    await engine.dispose()
    return found


@pytest.mark.own_database
@pytest.mark.parametrize("name", sorted(RELEASES))
async def test_all_that_a_release_has_kept_is_there_after_the_update(
    database_url: str, tmp_path: Path, name: str
) -> None:
    """Every migration runs, on a database of its own, so it takes longer than others."""
    release = RELEASES[name]
    url = await emptied(database_url, tmp_path)
    async with schema.locked(url) as connection:
        await connection.run_sync(lambda opened: written_by(release, opened))
    await schema.prepare(url)
    kept = {of: rows for of, rows in release["rows"].items() if of not in CHANGED}
    assert await counted(url, kept) == {of: len(rows) for of, rows in kept.items()}

    app = create_app(settings_of_tests(tmp_path / "instance", url), prepared=True)
    async with app.test_app():
        ann, bob = [await signed_in(Visitor(app.test_client()), name) for name in ("ann", "bob")]
        (group,) = (await bob.get("/api/groups"))["groups"]
        (general,) = (await bob.get(f"/api/groups/{group['id']}/channels"))["channels"]
        posts = await bob.get(f"/api/channels/{general['id']}/posts")
        texts = [post["text"] for post in reversed(posts["posts"])]
        assert texts[:3] == [
            "Good morning! 👋🏽",
            "Für Łódź in C++, edited",
            "Second line\nwith two",
        ]
        assert {reaction["emoji"] for reaction in posts["posts"][-1]["reactions"]} == {"👍", "❤️"}
        found = await bob.get("/api/search?q=lodz")
        assert [result["post"]["text"] for result in found["results"]] == [texts[1]]
        written = await ann.post(f"/api/channels/{general['id']}/posts", {"text": "after"})
        assert written["id"] > max(post["id"] for post in release["rows"]["posts"])
        live = (await bob.get(f"/api/channels/{general['id']}/posts"))["live"]
        (seq,), (before,) = live["topics"].values(), posts["live"]["topics"].values()
        assert seq == before + 1


async def signed_in(visitor: Visitor, username: str) -> Visitor:
    form = {"username": username, "password": PASSWORD, "token": True}
    token = (await visitor.post("/api/sessions", form))["token"]
    return Visitor(visitor.client, {"Authorization": f"Bearer {token}"})
