"""The harm that a proof does is done: packets vanish, clocks are apart, failures are counted."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from api.prove.ahead import put_ahead
from api.prove.backup import Backup
from api.prove.client import Client
from api.prove.instance import free_port
from api.prove.patient_client import HOST, Doors, PatientClient
from api.prove.plan import Options
from api.prove.record import Record
from api.prove.stage import Person
from api.prove.wire import Wire, address_of
from model.database import table


@asynccontextmanager
async def listening(serve: Callable[..., Awaitable[None]]) -> AsyncIterator[int]:
    """The port of a server, all of whose connections are closed at the end."""
    served = set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())  # type: ignore[arg-type] # there is one
        await serve(reader, writer)
        writer.close()
        await writer.wait_closed()

    async with asyncio.timeout(20), await asyncio.start_server(connected, HOST, 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*served)


async def test_what_is_sent_while_a_wire_is_cut_arrives_late() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)

    async with listening(echo) as port:
        with closing(Wire(make_url(f"postgresql://root@{HOST}:{port}/test"))) as wire:
            assert (wire.url.username, wire.url.database) == ("root", "test")
            reader, writer = await asyncio.open_connection(wire.url.host, wire.url.port)
            writer.write(b"before\n")
            assert await reader.readline() == b"before\n"
            wire.cut()
            writer.write(b"meanwhile\n")
            answer = asyncio.create_task(reader.readline())
            await asyncio.wait([answer], timeout=0.2)
            assert not answer.done()
            wire.mend()
            assert await answer == b"meanwhile\n"
            writer.close()
            await writer.wait_closed()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("postgresql://root@db.example/name", ["db.example", "5432"]),
        ("postgresql://root@db.example:6432/name", ["db.example", "6432"]),
        ("postgresql://root@/name?host=db.example:6432", ["db.example", "6432"]),
        ("postgresql://root@/name?host=/run/postgresql", ["/run/postgresql/.s.PGSQL.5432"]),
    ],
)
def test_a_wire_reaches_a_database_as_it_is_written(url: str, address: list[str]) -> None:
    assert address_of(make_url(url)) == address


def test_a_clock_that_is_ahead_is_so_for_all_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", time.time)
    monkeypatch.setattr(table, "datetime", datetime)
    put_ahead(59)
    ahead = timedelta(seconds=58)
    assert table.now() - datetime.now(UTC) > ahead
    assert datetime.fromtimestamp(time.time(), UTC) - datetime.now(UTC) > ahead


async def test_a_request_that_fails_at_one_node_and_the_next_is_counted() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue")

    nobody = free_port()
    async with listening(answer) as somebody:
        for ports, counted in (([nobody, somebody], 0), ([nobody, nobody, somebody], 1)):
            client = PatientClient(Doors(ports))
            assert await client.ask("GET", "/") is True
            client.close()
            assert client.doors.failed_twice == counted


def test_both_parts_of_a_proof_have_all_of_its_trouble_together() -> None:
    trouble: dict[str, Any] = {
        "cuts": 3,
        "kills": 5,
        "restarts": 1,
        "crashes": 0,
        "silences": 2,
        "removals": 12,
    }
    numbers: dict[str, Any] = {"clients": 4, "writers": 2, "workers": 3, "nodes": 2, "seed": 7}
    whole = Options(**numbers, **trouble, silent_for_s=1, events=101)
    first, second = whole.halves()
    assert (first.events, second.events) == (51, 50)
    assert {name: getattr(first, name) + getattr(second, name) for name in trouble} == trouble
    assert first.seed != second.seed, "or the posts of the second would be taken for repeated ones"


@pytest.mark.parametrize(
    ("lost", "still_signed_in", "resets", "verdict"),
    [(0, 0, 2, (0, 0)), (3, 0, 2, (3, 0)), (0, 1, 2, (0, 1)), (0, 0, 1, (1, 0))],
)
def test_what_a_restore_has_to_bring_about_is_judged(
    lost: int, still_signed_in: int, resets: int, verdict: tuple[int, int]
) -> None:
    person = Person("ann", 1, PatientClient(Doors([1])))
    live = {"epoch": "old", "topics": {"channel:1": 5, "channel:2": 7}}
    client = Client("client", person, live, 0)
    backup = Backup([], lost=lost, still_signed_in=still_signed_in)
    judged = backup.judge([client], Record(resets=resets))
    assert (judged.lost, judged.leaked) == verdict
    assert judged.is_kept == (judged.findings == [])
