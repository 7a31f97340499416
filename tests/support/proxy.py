"""What lies between a server and its clients, PostgreSQL or Redis, and forgets connections."""

import selectors
import socket
import ssl
import threading
from contextlib import suppress
from types import TracebackType
from typing import cast

from sqlalchemy.engine import make_url

_PIECE_BYTES = 64 * 1024
_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")


class Proxy:
    """`with Proxy(url) as proxy:` and connect to `proxy.url`; it works in a thread.

    With `tls` it takes encrypted connections only, as a host of databases does.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self._target, self._tls = make_url(url), tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._peers: dict[socket.socket, socket.socket] = {}
        self._servers = set[socket.socket]()
        self._forgotten = set[socket.socket]()
        self._is_dark = False
        self.round_trips = 0
        """How often a client has said something, for which it then waits."""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._end, ended = socket.socketpair()
        self._selector.register(ended, selectors.EVENT_READ, "the end")
        self._own = {self._listener, self._end, ended}
        self._opened = set(self._own)
        self._thread = threading.Thread(target=self._run)

    @property
    def url(self) -> str:
        port = self._listener.getsockname()[1]
        reached = self._target.set(host="127.0.0.1", port=port, query={})
        return reached.render_as_string(hide_password=False)

    def forget(self) -> None:
        """What is sent on the connections so far vanishes, and nobody is told; new ones work."""
        self._forgotten = set(self._opened)

    def forget_answers(self) -> None:
        """What the database says on the connections so far vanishes; it still hears everything."""
        self._forgotten = set(self._servers)

    def go_dark(self) -> None:
        """Forget all connections, those to come too: they are accepted, and nothing follows."""
        self._is_dark = True
        self.forget()

    def come_back(self) -> None:
        """Let new connections work again."""
        self._is_dark = False

    def hang_up(self) -> None:
        """Close all connections so far, as a router does that has started anew."""
        for side in self._opened - self._own:
            with suppress(OSError):  # it has gone
                side.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._end.send(b"!")
        self._thread.join()
        self._selector.close()
        for opened in self._opened:
            opened.close()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data == "the end":
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._pass_on(cast(socket.socket, key.fileobj))

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._is_dark:
            self._opened.add(client)
            return
        if self._tls is not None:
            assert client.recv(8) == _SSL_REQUEST
            client.send(b"S")
            try:
                client = self._tls.wrap_socket(client, server_side=True)
            except ssl.SSLError:  # our certificate is not trusted
                return
        try:
            server = self._connect()
        except OSError:  # nobody is there
            client.close()
            return
        self._servers.add(server)
        self._peers |= {client: server, server: client}
        for side in (client, server):
            self._opened.add(side)
            self._selector.register(side, selectors.EVENT_READ)

    def _connect(self) -> socket.socket:
        port, folder = self._target.port or 5432, self._target.query.get("host")
        if folder is None:
            return socket.create_connection((self._target.host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{folder}/.s.PGSQL.{port}")
        return server

    def _pass_on(self, side: socket.socket) -> None:
        try:
            data = side.recv(_PIECE_BYTES)
            while isinstance(side, ssl.SSLSocket) and side.pending():
                data += side.recv(_PIECE_BYTES)
            self.round_trips += bool(data) and side not in self._servers
            if data and side not in self._forgotten:
                self._peers[side].sendall(data)
        except OSError:
            data = b""
        if data:
            return
        self._selector.unregister(side)
        if side not in self._forgotten:
            with suppress(OSError):  # it has gone, too
                self._peers[side].shutdown(socket.SHUT_RDWR)
