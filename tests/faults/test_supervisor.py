"""The supervisor, as whoever runs the server meets it: starting, dying, stopping."""

import asyncio
import os
import re
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from api.adapters.hypercorn import patch_hypercorn
from api.app import create_app
from api.server.supervisor import TRIES, listen
from api.server.worker import handed_over, run_in_loop, serve_until
from tests.live.client import LiveClient
from tests.support.cast import settings_of_tests
from tests.support.http_client import HttpClient, first_account
from tests.support.server import Server, changed_by
from tests.support.waiting import within

IMPATIENT = changed_by("from api.server import supervisor; supervisor._BACK_OFF_S = 0.01")
WITHOUT_FORK = changed_by("import os; del os.fork")
TELLS_WHO_COMPILES = changed_by("""
import os
from model.database.statement import Statements
prepare = Statements._prepare
def told(self, *given):
    print("compiled by", os.getpid(), flush=True)
    return prepare(self, *given)
Statements._prepare = told
""")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=3)
    yield server
    server.close()


def test_workers_begin_with_statements_that_were_compiled_for_all(server: Server) -> None:
    """Each would have them in its own memory, and 4 MB more of SQLAlchemy's that they share."""
    server.program = TELLS_WHO_COMPILES
    server.start()
    assert server.process
    assert set(re.findall(r"compiled by (\d+)", server.log)) == {str(server.process.pid)}


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def outcome(server: Server) -> tuple[int, str]:
    """Exit status and output of a start that fails."""
    with pytest.raises(AssertionError, match="it ended"):
        server.start()
    assert server.process
    return server.process.wait(0), server.log


def test_a_taken_port_is_said_in_one_line(server: Server) -> None:
    with socket.create_server(("127.0.0.1", server.port)):
        status, output = outcome(server)
    assert status == 1
    assert output.splitlines() == [
        f"Error: HOMEROOM_BIND: cannot listen on 127.0.0.1:{server.port}: Address already in use."
    ]


def test_a_wrong_setting_is_named_and_its_value_is_not_shown(server: Server) -> None:
    server.settings = {"HOMEROOM_WORKERS": "many", "HOMEROOM_DATABASE_URL": "mysql://s3cret"}
    status, output = outcome(server)
    assert status == 1
    assert "HOMEROOM_WORKERS: " in output
    assert "HOMEROOM_DATABASE_URL: " in output
    assert "s3cret" not in output
    assert "Traceback" not in output


def test_a_database_that_does_not_answer_is_said(server: Server) -> None:
    server.settings = {"HOMEROOM_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/none"}
    status, output = outcome(server)
    assert status == 1
    assert "The database does not answer" in output
    assert "Traceback" not in output


def test_a_worker_that_cannot_start_ends_the_server(server: Server) -> None:
    server.program = IMPATIENT
    over = threading.Event()

    def kill_all() -> None:
        while not over.is_set():
            if server.process and server.process.poll() is None:
                try:
                    for pid in server.worker_pids():
                        os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            time.sleep(0.005)

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        status, output = outcome(server)
    finally:
        over.set()
        killer.join()
    assert status == 1
    assert output.splitlines()[-1].startswith("Error: A worker could not start")


def test_a_killed_worker_is_replaced_and_nobody_notices(server: Server) -> None:
    server.start()
    before = server.worker_pids()
    assert len(before) == 3
    os.kill(before[0], signal.SIGKILL)
    assert within(10, lambda: len(set(server.worker_pids()) - {before[0]}) == 3)
    assert all(HttpClient(server).ask("GET", "/health")[0] == 200 for _ in range(30))


def allow_connections(database_url: str, allowed: str) -> None:
    """`true` or `false`; those that are there stay."""
    url = make_url(database_url).set(drivername="postgresql")

    async def alter() -> None:
        server = url.set(database="postgres").render_as_string(hide_password=False)
        connection = await asyncpg.connect(server)
        await connection.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS {allowed}")
        await connection.close()

    asyncio.run(alter())


@pytest.mark.own_database
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_others_serve_on_while_one_cannot_be_started_again(
    server: Server, database_url: str
) -> None:
    """It takes as long as several starts of a worker."""
    server.settings = {"HOMEROOM_DATABASE_URL": database_url}
    server.program = IMPATIENT
    server.workers = 2
    server.start()
    allow_connections(database_url, "false")
    os.kill(server.worker_pids()[0], signal.SIGKILL)
    assert within(60, lambda: server.log.count(" ended with ") > TRIES + 2), server.log[-3000:]
    assert HttpClient(server).ask("GET", "/health")[0] == 200
    allow_connections(database_url, "true")
    assert within(30, lambda: " serves again" in server.log)
    assert server.stop() == 0


def test_workers_end_when_their_supervisor_is_gone(server: Server) -> None:
    server.start()
    workers = server.worker_pids()
    server.kill()
    assert within(10, lambda: not any(is_alive(pid) for pid in workers))
    server.start()


def test_it_starts_again_on_the_same_data(server: Server) -> None:
    server.start()
    ann = first_account(server)
    ann.made("POST", "/api/groups", {"name": "class"})
    assert server.stop() == 0
    server.start()
    assert [group["name"] for group in ann.made("GET", "/api/groups")["groups"]] == ["class"]
    assert server.log.count("#first=") == 1


def test_with_a_given_key_it_starts_where_there_is_nothing_yet(server: Server) -> None:
    server.settings = {"HOMEROOM_SECRET_KEY": secrets.token_urlsafe()}
    server.start()
    assert not (server.instance / "secret_key").exists()


async def test_a_stop_says_bye_to_every_socket_and_spreads_their_return(server: Server) -> None:
    await asyncio.to_thread(server.start)
    ann = await asyncio.to_thread(first_account, server)
    sockets = [await LiveClient(server.url, ann.token).__aenter__() for _ in range(6)]
    for live in sockets:
        await live.hello()
    stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    assert [await live.closed() for live in sockets] == [1012] * 6
    for live in sockets:
        bye = live.messages[-1]
        assert (bye["type"], bye["code"]) == ("bye", 1012)
        assert 0 <= bye["retry_after"] <= 1
        await live.__aexit__()
    assert await stopping == 0


def in_flight(server: Server) -> socket.socket:
    """A request whose last byte is still to come."""
    form = b'{"username": "nobody", "password": "none"}'
    head = (
        f"POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(form)}\r\n\r\n"
    )
    client = socket.create_connection(("127.0.0.1", server.port))
    client.sendall(head.encode() + form[:-1])
    time.sleep(0.3)  # it is being read: nothing tells from outside when
    return client


def test_a_request_in_flight_is_finished_when_the_server_stops(server: Server) -> None:
    server.start()
    with in_flight(server) as client:
        assert server.process
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        client.sendall(b"}")
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 401")
    assert server.process.wait(20) == 0


def test_a_killed_server_starts_again_while_its_workers_finish_requests(server: Server) -> None:
    server.start()
    with in_flight(server) as client:
        server.kill()
        server.start()
        client.sendall(b"}")
        assert client.recv(65536).startswith(b"HTTP/1.1 401")


def test_whoever_comes_as_the_server_stops_is_answered_or_cut_off_and_never_told_500(
    tmp_path: Path,
) -> None:
    """Hypercorn does not wait for connections that it takes in the turn in which it stops."""
    patch_hypercorn()
    listener, clients = listen("127.0.0.1:0"), list[socket.socket]()
    address = listener.getsockname()
    form = b'{"username": "nobody", "password": "none"}'
    head = b"POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    ask = head + b"Content-Length: %d\r\n\r\n%b" % (len(form), form)

    async def come_and_stop() -> None:
        for _ in range(50):
            clients.append(socket.create_connection(address, timeout=10))
            clients[-1].sendall(ask)
        await asyncio.sleep(0)

    async def serve_for_a_moment() -> None:
        app = create_app(settings_of_tests(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/app.db"))
        await serve_until(come_and_stop, app, handed_over(listener))

    run_in_loop(serve_for_a_moment())
    assert {status_of_answer(client) for client in clients} <= {b"401", b""}


def status_of_answer(client: socket.socket) -> bytes:
    """What was answered until the connection was closed."""
    with client, suppress(ConnectionError):
        return client.recv(65536)[9:12]
    return b""


def test_a_server_that_stops_takes_no_more_connections(server: Server) -> None:
    server.start()
    with in_flight(server) as client:
        assert server.process
        server.process.send_signal(signal.SIGTERM)
        assert within(5, lambda: not accepts(server)), "they would wait for nothing"
        client.sendall(b"}")
        assert client.recv(65536).startswith(b"HTTP/1.1 401")


def accepts(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=2).close()
    except ConnectionRefusedError:
        return False
    return True


def test_clients_that_leave_in_the_middle_of_a_write_leave_no_lock_behind(
    server: Server,
) -> None:
    server.settings = {"HOMEROOM_LIMITS": "off"}
    server.start()
    ann = first_account(server)
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    path, body = f"/api/channels/{channel['id']}/posts", b'{"text": "and gone"}'
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {ann.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    for number in range(150):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(head + body)
            time.sleep(number % 10 / 2000)  # another moment of the request each time
    posts = [ann.made("POST", path, {"text": "still here"}) for _ in range(10)]
    assert len({post["id"] for post in posts}) == 10
    assert "locked" not in server.log


async def test_where_there_is_no_fork_one_worker_serves_in_the_same_process(
    server: Server,
) -> None:
    server.program = WITHOUT_FORK
    await asyncio.to_thread(server.start)
    assert "one worker, in this process" in server.log
    assert server.worker_pids() == []
    ann = await asyncio.to_thread(first_account, server)
    async with LiveClient(server.url, ann.token) as live:
        await live.hello()
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        assert await live.closed() == 1012
    assert await stopping == 0
