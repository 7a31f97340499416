"""Before migrations change an SQLite database, it is saved as it was."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import create_engine, text

from api.settings import Settings
from api.start import CannotStart, make_ready
from model import migration
from model.schema import code_head
from tests.support.backups import put_back

EARLIER = "0013"


class Disk(NamedTuple):
    free: int


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that an earlier version has left."""
    file = tmp_path_factory.mktemp("earlier") / "app.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        migration.upgrade(connection, EARLIER)
        connection.execute(text(f"INSERT INTO schema VALUES (1, '{EARLIER}', '{EARLIER}')"))
        connection.execute(text("INSERT INTO epochs (id, name) VALUES (1, 'first')"))
        group = "INSERT INTO groups (name, description, created_at, archived)"
        connection.execute(text(f"{group} VALUES ('class', '', '2026-01-01', 0)"))
    engine.dispose()
    return file


@pytest.fixture
def settings(earlier: Path, tmp_path: Path) -> Settings:
    shutil.copy(earlier, tmp_path)
    return Settings(instance=tmp_path)


def head_and_groups(file: Path) -> tuple[str, str]:
    with closing(sqlite3.connect(file)) as database:
        found: tuple[str, str] = database.execute(
            "SELECT head, name FROM schema, groups"
        ).fetchone()
    return found


def test_an_update_saves_the_database_first_and_what_it_saved_can_be_put_back(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes a second: all migrations are run, and the last ones again."""
    file, address = settings.instance / "app.db", settings.database_address
    make_ready(settings)
    assert head_and_groups(file) == (code_head(), "class")
    saved = settings.instance / "backups" / f"before-{code_head()}.zip"
    said = capsys.readouterr().err
    assert said == f"The database is updated. As it was before, it is in {saved}.\n"
    make_ready(settings)
    assert capsys.readouterr().err == ""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DELETE FROM groups")
    restored = asyncio.run(put_back(saved, address, settings.instance))
    assert restored.before
    assert head_and_groups(file) == (code_head(), "class")


def test_an_update_does_not_begin_where_there_is_no_room_for_that(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(free=0))
    with pytest.raises(CannotStart, match="Before an update the database is saved: free 1 MB in"):
        make_ready(settings)
    assert head_and_groups(settings.instance / "app.db") == (EARLIER, "class")
