"""What lies between a node and its database, and may let every packet vanish for a while."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

from sqlalchemy.engine import URL

from api.prove.patient_client import HOST

RELAY = str(Path(__file__).with_name("relay.py"))
PORT = 5432
BACKLOG = 100


class Wire:
    """`url` is the database's at its other end."""

    def __init__(self, url: URL) -> None:
        with socket.create_server((HOST, 0), backlog=BACKLOG) as listener:
            port = listener.getsockname()[1]
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, RELAY, str(listener.fileno()), *address_of(url)],
                pass_fds=[listener.fileno()],
                process_group=0,  # Ctrl-C is for us, who close it
            )
        query = {name: of for name, of in url.query.items() if name not in {"host", "port"}}
        self.url = url.set(host=HOST, port=port, query=query)

    def cut(self) -> None:
        """From now on nothing is refused, and nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def mend(self) -> None:
        """What was sent meanwhile arrives late."""
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def address_of(url: URL) -> list[str]:
    """Host and port of a PostgreSQL server, or the path of its socket."""
    host, port = str(url.query.get("host") or url.host or HOST), url.query.get("port") or url.port
    name, _, given = host.partition(":")
    port = str(given or port or PORT)
    return [f"{host}/.s.PGSQL.{port}"] if host.startswith("/") else [name, port]
