"""Believes X-Forwarded-* of trusted proxies only: who asks, by which scheme, for which host.

Hypercorn's own middleware believes anybody and refuses every WebSocket behind https.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any


def parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address. A server on `[::]` sees IPv4 clients as ::ffff:192.0.2.1; they are IPv4 here."""
    given = ipaddress.ip_address(address)
    return given if given.version == 4 else given.ipv4_mapped or given  # noqa: PLR2004 - of the protocol


class TrustedProxy:
    """Wraps an ASGI application; `lifespan` passes through."""

    def __init__(self, app: Any, networks: Sequence[str]) -> None:
        self.app = app
        self.networks = [ipaddress.ip_network(network) for network in networks]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in {"http", "websocket"} and self._trusts(
            (scope.get("client") or [""])[0]
        ):
            scope = self._forwarded(scope)
        await self.app(scope, receive, send)

    def _trusts(self, address: str) -> bool:
        try:
            peer = parsed(address)
        except ValueError:
            return False
        return any(peer in network for network in self.networks)

    def _forwarded(self, scope: dict[str, Any]) -> dict[str, Any]:
        changed = dict(scope)
        values = {
            name: value.decode("latin-1")
            for name, value in scope["headers"]
            if name.startswith(b"x-forwarded-")
        }
        # The last address that no proxy of ours has added is the one that asked
        for address in reversed(values.get(b"x-forwarded-for", "").split(",")):
            if address := address.strip():
                changed["client"] = (address, 0)
                if not self._trusts(address):
                    break
        if proto := values.get(b"x-forwarded-proto", "").rpartition(",")[2].strip():
            secure = proto in {"https", "wss"}
            schemes = ("ws", "wss") if scope["type"] == "websocket" else ("http", "https")
            changed["scheme"] = schemes[secure]
        if host := values.get(b"x-forwarded-host", "").rpartition(",")[2].strip():
            headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
            changed["headers"] = [*headers, (b"host", host.encode("latin-1"))]
        return changed
