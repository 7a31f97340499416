"""Addresses of PostgreSQL, as hosts of databases hand them out."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.engine import make_url

from api.cli import cli
from api.settings import load_settings
from model.database.unit_of_work import Database
from model.log.event import write_events
from tests.support.cast import Stages
from tests.support.certificates import new_certificate
from tests.support.databases import PostgreSQL
from tests.support.proxy import Proxy


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return new_certificate(tmp_path)


@pytest.fixture
def hosted(postgresql: Stages[PostgreSQL], certificate: tuple[Path, Path]) -> Iterator[str]:
    """Who reaches the database, where, and its name: it takes encrypted connections only."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    with Proxy(postgresql.database.url, tls) as proxy:
        url = make_url(proxy.url)
        yield url.render_as_string(hide_password=False).partition("://")[2]


HANDED_OUT = [
    "postgres://…?sslmode=require",
    "postgresql://…?sslmode=require&channel_binding=prefer&connect_timeout=10",
    "postgresql://…?sslmode=verify-full&sslrootcert={root}&channel_binding=require",
    "postgresql+psycopg2://…?sslmode=verify-ca&sslrootcert={root}&target_session_attrs=read-write",
    "postgresql+asyncpg://…?ssl=require&prepared_statement_cache_size=0",
    "postgresql://…?sslmode=require&pgbouncer=true&connection_limit=1&pool_timeout=0",
    "postgresql://…?gssencmode=disable&keepalives=1&keepalives_idle=30",
]


@pytest.mark.parametrize("address", HANDED_OUT)
async def test_an_address_is_taken_as_it_was_handed_out(
    hosted: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    options = "&application_name=class&options=-c%20search_path%3Dmine"
    given = address.replace("…", hosted).format(root=certificate[0]) + options + "\n"
    monkeypatch.setenv("HOMEROOM_DATABASE_URL", given)
    database = Database(load_settings().database_address, before_commit=write_events)
    async with database.write() as db:
        settings = [
            await db.scalar(text(f"SHOW {name}"))
            for name in ("application_name", "search_path", "statement_timeout")
        ]
    assert settings == ["class", "mine", "5s"]
    await database.close()


@pytest.mark.parametrize(
    "query", ["sslmode=verify-full", "channel_binding=require", "sslrootcert=system"]
)
def test_a_certificate_that_nobody_vouches_for_is_refused_in_one_line(
    hosted: str, tmp_path: Path, query: str
) -> None:
    given = {
        "HOMEROOM_DATABASE_URL": f"postgresql://{hosted}?{query}",
        "HOMEROOM_INSTANCE": str(tmp_path / "instance"),
    }
    ended = CliRunner().invoke(cli, ["new-epoch"], env=given)
    assert ended.exit_code == 1
    (line,) = ended.output.splitlines()
    assert line.startswith("Error: The database does not answer: [SSL: CERTIFICATE_VERIFY_FAILED]")


LIKE = "it must be like postgresql://user:password@host/name"
WRONG = {
    "mysql://bob:s3cret@db/class": LIKE,
    "bob:s3cret@db/class": LIKE,
    "postgresql://bob@db:s3cret/class": LIKE,
    "postgresql://bob:s3@cret@db/class": "write each @ in the user's name and password as %40",
    "postgresql://bob:s3cret@one,other/class": (
        "write several hosts as …/name?host=one:5432&host=other:5432"
    ),
    "postgresql://bob:s3cret@db/class?schema=public&sslmode=require&x=1": (
        "leave out what is not known here: schema, x"
    ),
    "postgresql://bob:s3cret@db/class?sslrootcert=/nowhere/ca.pem": (
        "there is no file that sslrootcert names"
    ),
    "postgresql://bob:s3cret@db/class?connect_timeout=long": (
        "connect_timeout must be a number of seconds"
    ),
}


@pytest.mark.parametrize(("written", "said"), WRONG.items())
def test_an_address_that_cannot_be_taken_is_told_what_to_change(
    tmp_path: Path, written: str, said: str
) -> None:
    given = {"HOMEROOM_DATABASE_URL": written, "HOMEROOM_INSTANCE": str(tmp_path / "instance")}
    ended = CliRunner().invoke(cli, ["new-epoch"], env=given)
    assert ended.exit_code == 1
    assert ended.output == f"Error: HOMEROOM_DATABASE_URL: {said}\n"
