"""Where others reach this server, for the links that are sent to them."""

import socket

from quart import request

from api.context import caller, settings
from api.middleware.proxy import is_loopback

_FAR_AWAY = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}  # RFC 5737, RFC 3849
_ANY_PORT = 9


def addresses_for_others() -> list[str]:
    """`HOMEROOM_PUBLIC_URL`, or what its network calls this machine, if that would be answered.

    The latter is told to an administrator who sits at this machine, and to nobody else.
    """
    if (public := settings().public_url) is not None:
        return [public]
    if not (settings().answers_others and caller().is_admin and _is_at_this_machine()):
        return []
    families = [socket.AF_INET, socket.AF_INET6] if ":" in settings().host else [socket.AF_INET]
    own = [own_address(family) for family in families]
    return [f"http://{address}:{settings().port}" for address in own if address]


def address_to_pass_on() -> tuple[str, bool]:
    """Where this server is, as far as it knows, and whether others reach it there."""
    if others := addresses_for_others():
        return others[0], True
    return request.host_url.rstrip("/"), not is_loopback(request.host)


def own_address(family: socket.AddressFamily) -> str | None:
    """From where this machine speaks to others, as in a URL; nothing is sent to find that out."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as speaking:
            speaking.connect((_FAR_AWAY[family], _ANY_PORT))
            address = str(speaking.getsockname()[0])
    except OSError:  # it speaks to nobody
        return None
    return f"[{address}]" if family == socket.AF_INET6 else address


def _is_at_this_machine() -> bool:
    """A proxy on this machine makes everybody seem to be at it, but her page knows better."""
    page = request.headers.get("Origin", request.host_url).partition("//")[2].strip("/")
    return is_loopback(page) and is_loopback(request.remote_addr or "")
