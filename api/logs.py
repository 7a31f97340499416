"""The log, on standard error: JSON, one object a line; or short lines where a person looks.

What is told within a request has its id. The JSON of a request's own line is written without a
record of `logging`, which would take twice as long.
"""

import logging
import os
import sys
import time
from collections import deque
from contextvars import ContextVar
from datetime import UTC, datetime

import msgspec

EXTRA = ("request_id", "user_id", "status", "ms", "connection")
_STANDARD_ERROR = 2  # its descriptor, whatever Python has in its place
_QUIET = (
    "aiosqlite",
    "alembic",
    "asyncio",
    "hypercorn.error",
)  # of whom only what is wrong is told
_MOST_UNREAD = 1000  # lines, of some 200 bytes each

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

log = logging.getLogger(__name__)
_requests = logging.getLogger("homeroom.request")
_encode = msgspec.json.Encoder().encode


class Lines(logging.Handler):
    """Writes each line at once, so that no other process writes into it (POSIX, PIPE_BUF).

    Nothing fails because nobody reads. What a full pipe does not take, if it does not let us wait,
    goes with the next line.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._unread = deque[bytes]()
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode()
        except Exception:  # noqa: BLE001 - whoever tells something goes on, as with any handler
            self.handleError(record)
        else:
            self.write(line)

    def write(self, line: bytes) -> None:
        self.acquire()
        try:
            if len(self._unread) < _MOST_UNREAD:
                self._unread.append(line)
            else:
                self._lost += 1
            self.flush()
        finally:
            self.release()

    def flush(self) -> None:
        """Write what is still unread, as far as it is taken."""
        try:
            while self._unread:
                written = os.write(self._descriptor, self._unread[0])
                if rest := self._unread.popleft()[written:]:
                    self._unread.appendleft(rest)
        except OSError:
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            log.warning("lost %d lines that nobody has read in time", lost)


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _encodable(text: str) -> str:
    """The text, in which whatever UTF-8 has no bytes for, as in names of files, is written out."""
    return text.encode(errors="backslashreplace").decode()


class RequestLine(msgspec.Struct, kw_only=True):
    """What is told of a request, in the order of `JsonLines`."""

    at: str = msgspec.field(default_factory=lambda: _instant(time.time()))
    level: str = "info"
    logger: str = _requests.name
    message: str
    request_id: str
    user_id: int | None
    status: int
    ms: float
    trace_id: str | msgspec.UnsetType = msgspec.UNSET
    node: str | msgspec.UnsetType = msgspec.UNSET


def write_request_line(line: RequestLine) -> None:
    if not _requests.isEnabledFor(logging.INFO):
        return
    match logging.root.handlers:
        case [Lines(formatter=JsonLines() as form) as lines]:
            line.node = form.node
            lines.write(_encode(line) + b"\n")
        case _:  # a person, or a test that reads the log
            facts = {name: getattr(line, name) for name in EXTRA if hasattr(line, name)}
            _requests.info(line.message, extra=facts)


class JsonLines(logging.Formatter):
    def __init__(self, node: str | None = None) -> None:
        super().__init__()
        self.node = node or msgspec.UNSET

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": _instant(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _encodable(record.getMessage()),
        }
        if within := request_id.get():
            line["request_id"] = within
        line |= {name: getattr(record, name) for name in EXTRA if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = _encodable(self.formatException(record.exc_info))
        if self.node:
            line["node"] = self.node
        return msgspec.json.encode(line, enc_hook=str).decode()


class ShortLines(logging.Formatter):
    """For people: the time, what is wrong, and what happened, in which request."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        line = f"{self.formatTime(record, self.datefmt)} {level}{_encodable(record.getMessage())}"
        if hasattr(record, "status"):
            line += f" {record.status}, {getattr(record, 'ms', 0):.0f} ms"
        elif within := getattr(record, "request_id", None) or request_id.get():
            line += f" (request {within})"
        if record.exc_info:
            line += f"\n{self.formatException(record.exc_info)}"
        return line


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Not each of the files of a page, which would push the first link out of sight."""
    return getattr(record, "status", 500) >= 400 or "/static/" not in record.getMessage()  # noqa: PLR2004 - from there on they are errors


def start_logging(level: str = "info", form: str = "auto", *, node: str | None = None) -> None:
    """Begin to log, with values of settings. JSON names the node, if it has a name."""
    is_terminal = sys.stderr.isatty()
    handler = logging.StreamHandler(sys.stderr) if is_terminal else Lines(_STANDARD_ERROR)
    if form == "json" or (form == "auto" and not is_terminal):
        handler.setFormatter(JsonLines(node))
    else:
        handler.setFormatter(ShortLines(datefmt="%H:%M:%S" if is_terminal else "%F %T"))
        handler.addFilter(_is_worth_a_line)
    least = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=least, handlers=[handler], force=True)
    for quiet in _QUIET:
        logging.getLogger(quiet).setLevel(max(logging.WARNING, least))
