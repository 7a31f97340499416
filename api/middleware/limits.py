"""How much one caller may ask of one worker: a token bucket in its memory.

It keeps a runaway script from slowing the class down. What must be exact on all workers
(passwords, codes) is counted in the database: model/limit.py.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from functools import lru_cache, wraps
from typing import Any

from quart import Quart, request

from api.adapters.quart import itself
from api.context import limited, services, settings, signed_in
from api.middleware.proxy import parsed
from model.errors import TooMany
from model.limit import Action, Limit

View = Callable[..., Awaitable[Any]]

BURST, A_SECOND = 300, 60  # of a signed-in caller; of an address ten times as much


def init(app: Quart) -> None:
    @app.before_request
    async def count() -> None:
        asked = itself(request)
        if not asked.path.startswith("/static/"):
            count_request(asked.remote_addr)


def count_request(peer: str | None) -> None:
    """Count it as the caller's, or as that of the peer's address. Raises TooMany."""
    if not settings().is_limited:
        return
    who, buckets = signed_in(), services().buckets
    if who is not None:
        wait_s = buckets.of(f"user:{who.id}").wait_s(BURST, A_SECOND)
    else:
        wait_s = buckets.of(address_of(peer)).wait_s(10 * BURST, 10 * A_SECOND)
    if wait_s > 0:
        raise TooMany("You are sending too many requests at once.", retry_after_s=int(wait_s) + 1)


def limit(rule: Limit, who: Callable[[], str]) -> Callable[[View], View]:
    """Count each call against an exact limit. Stands above `@idempotent`, apart from its work."""

    def decorate(view: View) -> View:
        @wraps(view)
        async def counted(*arguments: Any, **values: Any) -> Any:
            await limited(Action(rule, who()))
            return await view(*arguments, **values)

        return counted

    return decorate


def address() -> str:
    """The address that is counted with this request."""
    return address_of(request.remote_addr)


@lru_cache(maxsize=1000)
def address_of(peer: str | None) -> str:
    """Who is counted: an IPv4 address, or the /64 of IPv6 that one household has.

    All that come from no address, as through a socket of the machine, are counted together.
    """
    client = parsed(peer or "")
    if isinstance(client, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((client, 64), strict=False))
    return str(client or "")
