"""PgBouncer in front of the PostgreSQL server of the tests."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from api.prove.instance import free_port
from tests.support.proxy import Proxy
from tests.support.waiting import within

CONFIGURATION = """
[databases]
* = host={target.host} port={target.port} user={target.username}{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
{manners}
"""
MANNERS = {
    "session": "pool_mode = session\ndefault_pool_size = 20",
    "transaction": "pool_mode = transaction\ndefault_pool_size = 3",
    "silent": "pool_mode = transaction\nignore_startup_parameters = jit, lock_timeout,"
    " statement_timeout, idle_in_transaction_session_timeout, tcp_keepalives_idle,"
    " tcp_keepalives_interval, tcp_keepalives_count, tcp_user_timeout",
}


@contextmanager
def pgbouncer(database_url: str, manner: str, folder: Path) -> Iterator[str]:
    """The address of the same database behind it."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        why = "pgbouncer is not there: your system's package of this name has it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to run as root
    port, file = free_port(), folder / "pgbouncer.ini"
    with Proxy(database_url) as proxy:  # which is let in as whoever runs the tests
        target = make_url(proxy.url)
        password = f" password='{target.password}'" if target.password else ""
        given = {"target": target, "password": password, "manners": MANNERS[manner]}
        file.write_text(CONFIGURATION.format(**given, port=port))
        running = subprocess.Popen([program, "-q", *user, file], stderr=subprocess.DEVNULL)
        try:
            assert within(5, lambda: listens(port))
            yield target.set(port=port).render_as_string(hide_password=False)
        finally:
            running.terminate()
            running.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
