"""Refusals: every no that is expected. How HTTP and sockets say it is decided in `api/`.

Refusal
├── NotFound  it is not there, or the reader may not know of it
│   └── NoMail  this server sends no mails
├── NotSignedIn
│   └── OtherAccount  somebody is signed in, but not whom the request says
├── Forbidden  the caller may see it, but may not do this
├── Conflict  the state of things forbids it
│   └── QuotaFull  a person keeps as much as she may
├── Invalid  the input is wrong; `fields` names each wrong field, of more than 20 the first
├── TooLarge
├── PreconditionFailed  the thing is not as the request says; `current` is how it is
├── TooMany  a limit is reached; `retry_after_s` says when to come back
├── StorageFull  there is no room for more bytes
├── OutcomeUnknown  it was done or not: the database did not say
└── TryAgain  nothing was changed, and the same request may succeed in a moment
    ├── TooSlow  it was given up because it took too long
    └── DiskFailed  a disk takes or gives nothing just now, but is not full
"""

import math
from collections.abc import Mapping
from itertools import islice

MOST_FIELDS_NAMED = 20


class Refusal(Exception):
    """An expected no: `code` is stable and for programs, `detail` is a sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class NotFound(Refusal):
    def __init__(self, what: str = "page") -> None:
        super().__init__("not_found", f"There is no such {what}, or you may not know of it.")


class NoMail(NotFound):
    def __init__(self) -> None:
        Refusal.__init__(self, "no_mail", "This server sends no mails: ask an administrator.")


class NotSignedIn(Refusal):
    def __init__(self, detail: str = "Sign in first.", code: str = "not_signed_in") -> None:
        super().__init__(code, detail)


class OtherAccount(NotSignedIn):
    """Somebody is signed in, but not whom the request says: another tab has signed in anew."""

    def __init__(self) -> None:
        super().__init__("Somebody else is signed in here now.", "other_account")


class Forbidden(Refusal):
    pass


class Conflict(Refusal):
    pass


class QuotaFull(Conflict):
    def __init__(self, quota_bytes: int) -> None:
        most = f"Your files and documents may have {quota_bytes // 2**20} MB together"
        super().__init__("quota_full", f"{most}: delete some first.")


class Invalid(Refusal):
    def __init__(self, fields: Mapping[str, str]) -> None:
        more = (
            f", and {len(fields) - MOST_FIELDS_NAMED:,} more"
            if len(fields) > MOST_FIELDS_NAMED
            else ""
        )
        super().__init__("invalid", f"Some of what was sent is not right: see fields{more}.")
        self.fields = dict(islice(fields.items(), MOST_FIELDS_NAMED))


class TooLarge(Refusal):
    def __init__(self, detail: str) -> None:
        super().__init__("content_too_large", detail)


class PreconditionFailed(Refusal):
    """`tag` names the version of `current`; both are None when there is nothing."""

    def __init__(self, current: Mapping[str, object] | None, tag: str | None) -> None:
        super().__init__("precondition_failed", "It is not as you believe: see `current`.")
        self.current = current
        self.tag = tag


class TooMany(Refusal):
    """A sentence about what is too many gets another one, which says for how long."""

    def __init__(self, detail: str, *, retry_after_s: int, code: str = "too_many") -> None:
        super().__init__(code, f"{detail} Try again in {in_words(retry_after_s)}.")
        self.retry_after_s = retry_after_s


def in_words(seconds: int) -> str:
    """How long to wait, rounded up: `1 second`, `40 seconds`, `3 minutes`, `20 hours`."""
    units = (("hour", 3600), ("minute", 60), ("second", 1))
    unit, length_s = next(one for one in units if seconds > 1.5 * one[1] or one[1] == 1)
    count = math.ceil(seconds / length_s)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


class StorageFull(Refusal):
    def __init__(self) -> None:
        super().__init__("storage_full", "The server has no room left; nothing was changed.")


class OutcomeUnknown(Refusal):
    def __init__(self) -> None:
        detail = "It may have been done: look before you try again, or use the same key."
        super().__init__("outcome_unknown", detail)


class TryAgain(Refusal):
    retry_after_s = 1

    def __init__(
        self,
        code: str = "try_again",
        detail: str = "The server is busy; nothing was changed. Try again.",
    ) -> None:
        super().__init__(code, detail)


class TooSlow(TryAgain):
    pass


class DiskFailed(TryAgain):
    pass
