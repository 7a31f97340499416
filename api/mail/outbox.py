"""The mails of a worker that are on their way, beside its requests.

They are in its memory alone, because there are secrets in them: who does not get hers asks again.
Nor does the log say anything of an address or a text.
"""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from functools import partial
from urllib.parse import urlsplit

from api.mail.address import MailServer, as_sent, mail_sender
from api.mail.letter import Letter, Unsent
from model.errors import TryAgain

log = logging.getLogger(__name__)

PAUSES_S = (5.0, 30.0, 120.0, 600.0)  # between the tries
MOST_WAITING = 200
_MOST_AT_ONCE = 4
_A_TRY_LASTS_S = 60
_CLOSED_WITHIN_S = 5


class Outbox:
    """Sends letters; while the mail server is away it tries again for a quarter of an hour."""

    def __init__(self, server: MailServer | None, sender: str | None, public_url: str) -> None:
        self.pauses_s: Sequence[float] = PAUSES_S
        self._server, self._sender = server, mail_sender(sender) if sender else None
        self._host = urlsplit(public_url).hostname or "localhost"
        self._at_once = asyncio.Semaphore(_MOST_AT_ONCE)
        self._waiting: set[asyncio.Task[None]] = set()
        self._is_closing = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether there is a mail server."""
        return self._server is not None

    def send(self, letter: Letter) -> None:
        """Send a letter soon; without a mail server it goes nowhere."""
        if self._server is not None:
            self._begin(partial(self._hand_over, letter, self._server))

    def send_what(self, write: Callable[[], Awaitable[Sequence[Letter]]]) -> None:
        """Send what is written beside the request, whose time does not tell whether it was."""

        async def write_and_send() -> None:
            for letter in await write():
                self.send(letter)

        if self.is_open:
            self._begin(write_and_send)

    async def close(self) -> None:
        """Let those go that are tried right now, and give up the others."""
        self._is_closing.set()
        if self._waiting:
            await asyncio.wait(self._waiting, timeout=_CLOSED_WITHIN_S)
        for task in self._waiting:
            task.cancel()

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        if len(self._waiting) >= MOST_WAITING:
            log.warning("%d mails wait: one more is not sent", MOST_WAITING)
            return
        task = asyncio.create_task(self._try_and_try(work), context=Context())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _try_and_try(self, work: Callable[[], Awaitable[None]]) -> None:
        pauses_s = [*self.pauses_s]
        while why := await self._try_once(work):
            if not pauses_s or self._is_closing.is_set():
                log.warning("a mail is not sent: %s", why)
                return
            log.info("a mail is sent in %g s: %s", pauses_s[0], why)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_closing.wait(), pauses_s.pop(0))

    async def _try_once(self, work: Callable[[], Awaitable[None]]) -> str | None:
        """Why it has to be tried again, if so."""
        try:
            async with self._at_once, asyncio.timeout(_A_TRY_LASTS_S):
                await work()
        except (Unsent, TryAgain, TimeoutError) as error:
            if not (isinstance(error, Unsent) and error.for_good):
                return str(error) or type(error).__name__
            log.warning("a mail is not sent: %s", error)
        except Exception as error:  # noqa: BLE001 - its message may have a secret in it
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("a mail is not sent: %s\n%s", type(error).__name__, where)  # noqa: TRY400
        return None

    async def _hand_over(self, letter: Letter, server: MailServer) -> None:
        from api.mail import smtp  # noqa: PLC0415 - loads aiosmtplib

        try:
            to = Address(addr_spec=as_sent(letter.to))
        except ValueError:
            raise Unsent("there is no such address", for_good=True) from None
        await smtp.hand_over(self._message(letter, to), server, named=self._host)

    def _message(self, letter: Letter, to: Address) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to
        message["Subject"] = letter.subject
        message["Date"] = localtime()
        message["Message-ID"] = make_msgid(domain=self._host)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is answered
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message
