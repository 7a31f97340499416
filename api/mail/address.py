"""Where mails go: addresses of people, and the server that takes mails, as settings name them."""

import ipaddress
import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from urllib.parse import unquote, urlsplit

from api.origin import host_as_sent, is_encoded_otherwise

_USUAL_PORTS = {"smtp": 587, "smtps": 465}
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"  # RFC 5322, 3.2.3
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_SENDER = re.compile(r'(?:"?(?P<name>[^"<>]*?)"?\s*<)?(?P<address>[^<>\s]+)>?')
_SERVER_LIKE = (
    "it must be like smtp://user:password@mail.example.org:587, or smtps:// with 465; what is no"
    " letter or digit in user and password is written like %40 for @"
)
_SENDER_LIKE = "it must be like homeroom@example.org, or Homeroom <homeroom@example.org>"


@dataclass(frozen=True)
class MailServer:
    """The server that takes our mails; with `tls` from the first byte, or else by STARTTLS."""

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, where nobody listens in."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def starts_tls(self) -> bool | None:
        """Whether STARTTLS has to succeed; None: if the server offers it.

        A password goes over no network in clear.
        """
        if self.tls:
            return False
        return True if self.username is not None and not self.is_here else None


def mail_server(url: str) -> MailServer:
    """The server of a URL. Raises ValueError, whose message shows nothing of it."""
    try:
        parts = urlsplit(url.strip())
        host, port = host_as_sent(parts.hostname or ""), parts.port
    except ValueError:
        raise ValueError(_SERVER_LIKE) from None
    is_host = "[" in host or _HOST.fullmatch(host)
    is_more = parts.path.strip("/") or parts.query or parts.fragment
    is_half = (parts.username is None) != (parts.password is None) or parts.username == ""
    if parts.scheme not in _USUAL_PORTS or port == 0 or is_half or is_more or not is_host:
        raise ValueError(_SERVER_LIKE)
    return MailServer(
        host.strip("[]"),
        port or _USUAL_PORTS[parts.scheme],
        parts.scheme == "smtps",
        parts.username and unquote(parts.username),
        parts.password and unquote(parts.password),
    )


def mail_sender(written: str) -> Address:
    """Whom mails come from, perhaps with a name. Raises ValueError."""
    found = _SENDER.fullmatch(written.strip())
    try:
        if found is None or not written.strip().isprintable():
            raise ValueError  # noqa: TRY301 - as that of `as_sent`
        return Address(found["name"] or "", addr_spec=as_sent(found["address"]))
    except ValueError:
        raise ValueError(_SENDER_LIKE) from None


def as_sent(address: str) -> str:
    """An address as every mail server takes it, with its domain in ASCII.

    Raises ValueError for what is none: such an address adds no recipient and no header.
    """
    local, _, domain = address.rpartition("@")
    if not _LOCAL.fullmatch(local) or is_encoded_otherwise(domain):
        raise ValueError("no address")
    if not _HOST.fullmatch(host := host_as_sent(domain)):
        raise ValueError("no address")
    return f"{local}@{host}"
