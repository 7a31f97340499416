"""Believes X-Forwarded-* of trusted proxies only: who asks, by which scheme, for which host.

Hypercorn's own middleware believes anybody and refuses every WebSocket behind https.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parsed(text: str) -> Address | None:
    """An address as servers and proxies write it: with a port, brackets, quotes or a zone, or bare.

    A server on `[::]` sees IPv4 clients as ::ffff:192.0.2.1; they are IPv4 here. None is the answer
    to any other text.
    """
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address


def is_loopback(host: str) -> bool:
    """Whether a name or an address, perhaps with a port, means the machine that asks."""
    address = parsed(host)
    return address.is_loopback if address else host.partition(":")[0] == "localhost"


class TrustedProxy:
    """Wraps an ASGI application; `lifespan` passes through."""

    def __init__(self, app: Any, networks: Sequence[str]) -> None:
        self.app = app
        self.networks = [ipaddress.ip_network(network) for network in networks]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in {"http", "websocket"}:
            peer = parsed((scope.get("client") or [""])[0])
            if self._trusts(peer):
                scope = self._forwarded(scope)
        await self.app(scope, receive, send)

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)

    def _forwarded(self, scope: dict[str, Any]) -> dict[str, Any]:
        changed = dict(scope)
        values: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            if name.startswith(b"x-forwarded-"):
                parts = value.decode("latin-1").split(",")
                values.setdefault(name, []).extend(part.strip() for part in parts)
        if client := self._client(values.get(b"x-forwarded-for", [])):
            changed["client"] = (str(client), 0)
        if proto := _last(values, b"x-forwarded-proto"):
            secure = proto in {"https", "wss"}
            schemes = ("ws", "wss") if scope["type"] == "websocket" else ("http", "https")
            changed["scheme"] = schemes[secure]
        if host := _last(values, b"x-forwarded-host"):
            headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
            changed["headers"] = [*headers, (b"host", host.encode("latin-1"))]
        return changed

    def _client(self, chain: Sequence[str]) -> Address | None:
        """The last address that no proxy of ours has added; None when the peer says none."""
        client = None
        for address in map(parsed, filter(None, reversed(chain))):
            client = address or client  # what is no address came from whoever is known so far
            if not self._trusts(address):
                break
        return client


def _last(values: Mapping[bytes, Sequence[str]], name: bytes) -> str:
    return (values.get(name) or [""])[-1]
