"""A real SMTP server, which keeps what it takes."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from api.mail.address import mail_server as server_of_url
from api.mail.outbox import Outbox

WITHIN_S = 5


@dataclass(frozen=True)
class Received:
    """A mail, and to whom it was handed over, whatever it says itself."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    was_encrypted: bool
    username: str | None

    def part(self, kind: str) -> str:
        """Its text as `plain` or `html`."""
        body = self.message.get_body((kind,))
        assert body is not None
        text: str = body.get_content()
        return text


@dataclass
class MailServer:
    """It answers what `answers` says instead of taking a mail, as long as something is there."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    asked: int = 0
    _received: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - so called by aiosmtpd
        self.asked += 1
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, EmailMessage, policy=SMTP_POLICY)
        auth: LoginPassword | None = session.auth_data
        self._received.put_nowait(
            Received(
                envelope.mail_from or "",
                envelope.rcpt_tos,
                message,
                session.ssl is not None,
                auth.login.decode() if auth else None,
            )
        )
        return "250 OK"

    async def mail(self) -> Received:
        """The next mail that comes."""
        return await asyncio.wait_for(self._received.get(), WITHIN_S)

    @property
    def is_empty(self) -> bool:
        return self._received.empty()


def outbox_to(server: MailServer, public_url: str) -> Outbox:
    """An outbox that sends to it, and does not wait for long."""
    box = Outbox(
        server_of_url(f"smtp://localhost:{server.port}"), "homeroom@example.org", public_url
    )
    box.pauses_s = (0.02, 0.02)
    return box


@asynccontextmanager
async def mail_server(
    port: int = 0, tls: ssl.SSLContext | None = None, *, password: str | None = None, **more: Any
) -> AsyncIterator[MailServer]:
    """Yields one on this machine; with `password` it takes mails of who knows that only."""
    kept = MailServer()

    def judge(_: object, __: object, ___: object, ____: object, given: LoginPassword) -> AuthResult:
        is_right = password is not None and given.password == password.encode()
        return AuthResult(success=is_right, handled=False, auth_data=given)

    def protocol() -> SMTP:
        return SMTP(
            kept,
            hostname="mail.test",
            tls_context=tls,
            authenticator=judge,
            auth_required=password is not None,
            loop=asyncio.get_running_loop(),
            **more,
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    kept.port = server.sockets[0].getsockname()[1]
    async with server:
        yield kept


@contextmanager
def mail_server_apart() -> Iterator[tuple[int, Callable[[], Received]]]:
    """One in a thread of its own, for tests that block: its port, and what waits for a mail."""
    started, is_over = Future[tuple[MailServer, asyncio.AbstractEventLoop]](), asyncio.Event()

    async def serve() -> None:
        async with mail_server() as server:
            started.set_result((server, asyncio.get_running_loop()))
            await is_over.wait()

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    server, loop = started.result(WITHIN_S)
    try:
        yield server.port, lambda: asyncio.run_coroutine_threadsafe(server.mail(), loop).result()
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join()
