"""The log, on standard error: JSON, one object a line; or short lines where a person looks."""

import logging
import sys
from datetime import UTC, datetime

import msgspec

EXTRA = ("request_id", "user_id", "status", "ms")


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in EXTRA if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class ShortLines(logging.Formatter):
    """For a terminal: the time, what is wrong, and what happened."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        line = f"{self.formatTime(record, '%H:%M:%S')} {level}{record.getMessage()}"
        if hasattr(record, "status"):
            line += f" {record.status}, {getattr(record, 'ms', 0):.0f} ms"
        if record.exc_info:
            line += f"\n{self.formatException(record.exc_info)}"
        return line


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Not each of the files of a page, which would push the first link out of sight."""
    return getattr(record, "status", 500) >= 400 or "/static/" not in record.getMessage()  # noqa: PLR2004 - from there on they are errors


def start_logging() -> None:
    handler = logging.StreamHandler(sys.stderr)
    if sys.stderr.isatty():
        handler.setFormatter(ShortLines())
        handler.addFilter(_is_worth_a_line)
    else:
        handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for quiet in ("aiosqlite", "alembic", "hypercorn.error", "asyncio"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
