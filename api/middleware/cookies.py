"""The cookies of a browser: the token of its session, and what it is known by as a device.

Cookies do not know ports, so a name carries that of `Host`: two servers on one host would sign each
other out. The names without a port, as 0.5.0 set them, are still read. They end by themselves,
because nothing sets them any more: a browser forgets the token 30 days after its sign-in. So a
release that comes later than that after 0.6.0 need not know them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quart import Response, request
from quart.wrappers.base import BaseRequestWebsocket

from api.context import services
from api.middleware.cors import is_configured
from model.device import Device, device_of
from model.user import User

DEVICE_LASTS_S = 365 * 86_400
_OF_DEVICE = "-device"  # the end of the name of the cookie that stays when one signs out
_PORT = re.compile(":([0-9]+)$")


@dataclass(frozen=True)
class Kind:
    """The beginning of a cookie's name, and what goes with it."""

    beginning: str
    attributes: dict[str, Any]

    def name(self, asked: BaseRequestWebsocket, of: str = "") -> str:
        port = _PORT.search(asked.host)
        usual = "443" if _is_secure(asked) else "80"
        return f"{self.beginning}-{port[1] if port else usual}{of}"

    def name_before(self, of: str = "") -> str:
        return self.beginning + of


ON_HTTP = Kind("homeroom", {"samesite": "Lax"})
ON_HTTPS = Kind("__Host-homeroom", {"secure": True, "samesite": "Lax"})
EMBEDDED = Kind(  # for a configured page on another site
    "__Host-homeroom-embedded", {"secure": True, "samesite": "None", "partitioned": True}
)


def cookie_of(asked: BaseRequestWebsocket) -> str | None:
    """The token of a session, if one came in a cookie."""
    return _found(asked)[1]


def cookie_name() -> str:
    """What the session's cookie is called on a page of the address that is asked."""
    return (ON_HTTPS if _is_secure(request) else ON_HTTP).name(request)


def set_cookie(response: Response, token: str, expires_at: datetime) -> None:
    kind = _kind_for_page()
    _set(response, kind, kind.name(request), token, expires=expires_at)


def prolong_cookie(response: Response, expires_at: datetime) -> None:
    """Set the one that `cookie_of` finds anew."""
    kind, token = _found(request)
    if token is not None:
        _set(response, kind, kind.name(request), token, expires=expires_at)


def delete_cookie(response: Response) -> None:
    """Delete what `cookie_of` finds, and what it would find then."""
    kind = _kind_for_page()
    _set(response, kind, kind.name(request), "", max_age=0)
    if kind.name_before() in request.cookies:
        _set(response, kind, kind.name_before(), "", max_age=0)


def device_that_asks() -> Device:
    return device_of(_found(request, _OF_DEVICE)[1])


def remember_device(response: Response, user: User, password_hash: str) -> None:
    """Let the browser that asks be known as a device of this account from now on."""
    set_device_cookie(
        response,
        device_that_asks().remembering(user, password_hash, key=services().signing_key),
    )


def set_device_cookie(response: Response, device: Device) -> None:
    kind = _kind_for_page()
    _set(response, kind, kind.name(request, _OF_DEVICE), str(device), max_age=DEVICE_LASTS_S)


def _found(asked: BaseRequestWebsocket, of: str = "") -> tuple[Kind, str | None]:
    """The first cookie that is there, and its kind."""
    kinds = (ON_HTTPS, EMBEDDED) if _is_secure(asked) else (ON_HTTP,)
    names = [(kind, kind.name(asked, of)) for kind in kinds]
    names += [(kind, kind.name_before(of)) for kind in kinds]
    return next(
        ((kind, asked.cookies[name]) for kind, name in names if name in asked.cookies),
        (kinds[0], None),
    )


def _set(response: Response, kind: Kind, name: str, value: str, **lasting: Any) -> None:
    response.set_cookie(name, value, httponly=True, path="/", **kind.attributes, **lasting)


def _kind_for_page() -> Kind:
    if not _is_secure(request):
        return ON_HTTP
    cross_site = request.headers.get("Sec-Fetch-Site") == "cross-site"
    return EMBEDDED if cross_site and is_configured(request.headers.get("Origin")) else ON_HTTPS


def _is_secure(asked: BaseRequestWebsocket) -> bool:
    return asked.scheme in {"https", "wss"}
