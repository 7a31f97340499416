"""The doctor finds each fault by its name, and nothing where nothing is wrong."""

import asyncio
import os
import sqlite3
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from api.cli import cli
from api.doctor.folder import kind_of_disk
from api.prove.instance import free_port
from model.database.unit_of_work import Database
from model.log.event import write_events
from tests.support.certificates import new_certificate
from tests.support.databases import SQLite
from tests.support.mail import mail_server
from tests.support.stores import new_bucket


@dataclass
class Patient:
    """A machine: its instance folder, and its settings."""

    instance: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.instance / "app.db"

    def execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(statement)

    def examined(self) -> tuple[int, list[str]]:
        """The exit status, and the lines."""
        given = {
            "HOMEROOM_INSTANCE": str(self.instance),
            "HOMEROOM_BIND": f"127.0.0.1:{free_port()}",
            **self.settings,
        }
        asked = CliRunner().invoke(cli, ["doctor"], env=given)
        return asked.exit_code, asked.stdout.splitlines()

    def found(self) -> set[str]:
        """The names of what is wrong."""
        status, lines = self.examined()
        names = {line.split()[2].rstrip(":") for line in lines if line.startswith("WRONG")}
        assert status == bool(names), lines
        assert (lines[-1] == "Nothing is wrong.") == (not names)
        return names


@pytest.fixture
def patient(request: pytest.FixtureRequest, tmp_path: Path) -> Patient:
    """A good one, on SQLite."""
    stage = request.getfixturevalue("sqlite").database
    assert isinstance(stage, SQLite)
    stage.copy("empty", tmp_path / "instance")
    for name in ("files", "incoming"):
        (tmp_path / "instance" / name).mkdir(exist_ok=True)
    (tmp_path / "instance" / "secret_key").write_text("k" * 43)
    (tmp_path / "instance" / "secret_key").chmod(0o600)
    (tmp_path / "instance" / "app.db").chmod(0o600)
    return Patient(tmp_path / "instance")


def test_nothing_is_found_where_nothing_is_wrong(patient: Patient) -> None:
    status, lines = patient.examined()
    assert status == 0, lines
    assert [line.split()[1] for line in lines[:-1]] == [
        "settings", "clock", "folder", "disk", "database", "server",
    ]  # fmt: skip
    kept = {path.name for path in patient.instance.iterdir()}
    assert kept <= {"app.db", "app.db-wal", "app.db-shm", "files", "incoming", "secret_key"}


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    assert Patient(tmp_path / "instance").found() == set()
    assert list(tmp_path.iterdir()) == []


def with_setting(name: str, value: str) -> Callable[[Patient], None]:
    return lambda patient: patient.settings.update({f"HOMEROOM_{name}": value})


def with_statement(statement: str) -> Callable[[Patient], None]:
    return lambda patient: patient.execute(statement)


def with_a_file_for_a_folder(patient: Patient) -> None:
    patient.instance = patient.file


def with_another_owner(patient: Patient) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(patient.file, 12_345, -1)


def with_a_key_full_of_nul(patient: Patient) -> None:
    (patient.instance / "secret_key").write_bytes(bytes(43))


def with_files_elsewhere(patient: Patient) -> None:
    elsewhere = Path("/dev/shm")  # noqa: S108 - nothing is written there
    if not elsewhere.exists() or elsewhere.stat().st_dev == patient.instance.stat().st_dev:
        pytest.skip("there is no other disk")
    (patient.instance / "files").rmdir()
    (patient.instance / "files").symlink_to(elsewhere)


def with_a_torn_page(patient: Patient) -> None:
    with patient.file.open("r+b") as file:
        for page in range(2, 60):
            file.seek(page * 4096)
            file.write(b"torn" * 64)


def with_an_old_backup(patient: Patient) -> None:
    patient.settings["HOMEROOM_BACKUPS"] = "daily"
    (patient.instance / "backups").mkdir()
    backup = patient.instance / "backups" / "2026-01-01.zip"
    backup.touch()
    assert patient.found() == set()
    os.utime(backup, (0, 0))


def with_another_file(patient: Patient) -> None:
    patient.file.write_bytes(b"no database" * 1000)


FAULTS: dict[str, tuple[str, Callable[[Patient], None]]] = {
    "a wrong value": ("setting_wrong", with_setting("WORKERS", "many")),
    "a misspelt name": ("setting_misspelt", with_setting("WORKER", "3")),
    "no limits": ("limits_off", with_setting("LIMITS", "off")),
    "everybody is a proxy": ("everybody_trusted", with_setting("TRUSTED_PROXIES", "0.0.0.0/0")),
    "no Redis, and no use for it": (
        "redis_without_postgresql redis_unreachable",
        with_setting("REDIS_URL", "redis://127.0.0.1:1"),
    ),
    "a file for a folder": ("folder_unusable", with_a_file_for_a_folder),
    "another owner": ("owners_differ", with_another_owner),
    "a file for all": ("others_may_read", lambda patient: patient.file.chmod(0o644)),
    "a damaged key": ("key_damaged", with_a_key_full_of_nul),
    "files elsewhere": ("files_elsewhere", with_files_elsewhere),
    "a torn page": ("database_damaged", with_a_torn_page),
    "another file": ("database_damaged", with_another_file),
    "a newer schema": ("schema_differs", with_statement("UPDATE schema SET oldest_code = '9999'")),
    "a clock set back": (
        "clock_behind",
        with_statement(
            "INSERT INTO acts (kind, via, at, details)"
            " VALUES ('x', 'command', '2999-01-01 00:00:00.000000', '{}')"
        ),
    ),
    "an old backup": ("no_backup", with_an_old_backup),
    "nobody's address": ("cannot_listen", with_setting("BIND", "192.0.2.1:8080")),
    "no PostgreSQL": (
        "database_unreachable",
        with_setting("DATABASE_URL", "postgresql://[::1]:1/x"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_its_name(patient: Patient, fault: str) -> None:
    names, plant = FAULTS[fault]
    plant(patient)
    assert patient.found() == set(names.split())


def test_a_database_that_somebody_else_holds_is_found(patient: Patient) -> None:
    """A second, for which a good server may hold it, too."""
    with closing(sqlite3.connect(patient.file)) as editor:
        editor.execute("BEGIN IMMEDIATE")
        assert patient.found() == {"database_locked"}


@pytest.mark.own_database
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_is_wrong_with_postgresql_is_found(database_url: str, tmp_path: Path) -> None:
    address, patient = make_url(database_url), Patient(tmp_path / "instance")

    async def found(of: URL = address) -> set[str]:
        patient.settings["HOMEROOM_DATABASE_URL"] = of.render_as_string(hide_password=False)
        return await asyncio.to_thread(patient.found)

    assert await found() == set()
    patient.settings["HOMEROOM_WORKERS"] = "64"
    assert await found() == {"few_connections"}
    del patient.settings["HOMEROOM_WORKERS"]
    assert await found(address.set(database="nowhere")) == {"database_missing"}
    assert await found(address.set(username="nobody-known", password="x")) == {"database_refuses"}
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        await db.run(text("REVOKE DELETE ON posts FROM CURRENT_USER"))
        only_reads = f"ALTER DATABASE {address.database} SET default_transaction_read_only = on"
        await db.run(text(only_reads))
        is_superuser = await db.scalar(text("SELECT current_setting('is_superuser') = 'on'"))
    await database.close()
    if is_superuser:  # who may do everything
        address = address.update_query_dict({"options": "-c role=pg_read_all_data"})
    assert await found(address) == {"database_rights", "database_only_reads"}


async def test_a_mail_server_that_refuses_is_found_and_no_mail_is_sent(tmp_path: Path) -> None:
    patient = Patient(tmp_path / "instance")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*new_certificate(tmp_path))
    async with mail_server(tls=tls, password="right") as server:
        patient.settings |= {
            "HOMEROOM_MAIL_URL": f"smtp://ann:right@127.0.0.1:{server.port}",
            "HOMEROOM_MAIL_FROM": "Homeroom <homeroom@example.org>",
            "HOMEROOM_PUBLIC_URL": "https://homeroom.example.org",
        }
        assert await asyncio.to_thread(patient.found) == set()
        patient.settings["HOMEROOM_MAIL_URL"] = f"smtp://ann:wrong@127.0.0.1:{server.port}"
        assert await asyncio.to_thread(patient.found) == {"mail_refuses"}
        assert server.is_empty
    patient.settings["HOMEROOM_PUBLIC_URL"] = "http://localhost:8080"
    assert await asyncio.to_thread(patient.found) == {"mail_unreachable", "links_lead_here"}


def test_a_bucket_that_is_not_there_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = Patient(tmp_path / "instance")
    with new_bucket(monkeypatch) as url:
        patient.settings["HOMEROOM_FILES_URL"] = url
        assert patient.found() == set()
        patient.settings["HOMEROOM_FILES_URL"] = "s3://another-bucket"
        assert patient.found() == {"bucket_unusable"}


def test_another_program_on_the_port_is_found(tmp_path: Path) -> None:
    patient = Patient(tmp_path / "instance")
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as another:
        Thread(target=another.handle_request).start()
        patient.settings["HOMEROOM_BIND"] = f"127.0.0.1:{another.server_port}"
        assert patient.found() == {"port_taken"}


def test_a_disk_on_a_network_is_told_by_the_list_of_mounts() -> None:
    mounts = "/dev/sda1 / ext4 rw 0 0\nserver:/home /srv/home\\040room nfs4 rw 0 0\n"
    assert kind_of_disk(Path("/srv/home room/instance"), mounts) == "nfs4"
    assert kind_of_disk(Path("/srv/home"), mounts) == "ext4"
