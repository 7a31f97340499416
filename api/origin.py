"""Origins, such as https://pages.example.org, as people write them and as browsers send them."""

import ipaddress
import re
from urllib.parse import urlsplit

_LIKE = "it must be like https://pages.example.org"
_USUAL_PORTS = {"http": 80, "https": 443}
_PLAIN_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_ENCODED_OTHERWISE = set("ßς\u200c\u200d")  # by browsers than by Python: they follow IDNA 2008


def origin_as_sent(written: str) -> str:
    """The origin as browsers send it.

    Raises ValueError for what is none; the message has the right spelling, where one is meant.
    """
    if "*" in written:
        raise ValueError("it must be named in full: * stands for nothing")
    if "://" not in written:
        raise ValueError("it must begin with https:// (or http://)")
    if is_encoded_otherwise(written):
        raise ValueError("its host must be as browsers send it, beginning with xn--")
    try:
        parts = urlsplit(written.strip())
        host, port = host_as_sent(parts.hostname or ""), parts.port
    except ValueError:
        raise ValueError(_LIKE) from None
    if parts.scheme not in _USUAL_PORTS or not _PLAIN_HOST.fullmatch(host) or "@" in parts.netloc:
        raise ValueError(_LIKE)
    named = "" if port in {None, _USUAL_PORTS[parts.scheme]} else f":{port}"
    origin = f"{parts.scheme}://{host}{named}"
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"it must be without a path: {origin}")
    return origin


def is_encoded_otherwise(name: str) -> bool:
    """Whether Python makes another host of a name than browsers and mail servers do."""
    return bool(_ENCODED_OTHERWISE & set(name))


def host_as_sent(name: str) -> str:
    """The host in ASCII. Raises ValueError."""
    if ":" in name:
        return f"[{ipaddress.IPv6Address(name)}]"
    return name.encode("idna").decode().lower()
