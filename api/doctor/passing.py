"""From outside: whether everything passes through the proxy that has to, as it comes."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPException

from api.doctor.finding import Finding, Well, Wrong
from api.doctor.site import ANSWERS_WITHIN_S, Site
from api.live.protocol import Close
from api.live.stream import EVENT_STREAM
from api.seen import SAID_AGAIN_AFTER_S
from api.settings import PREFIX

_AUTHORIZED = {"Authorization": "Bearer doctor"}
_FOREIGN = "https://doctor.invalid"
_FORM = "multipart/form-data; boundary=form"
_OF_THE_FORM_BYTES = 64 * 1024
_COMPRESSED = {"gzip", "br", "zstd"}
_HELLO = '{"type": "hello"}'


def check_requests(site: Site) -> Iterator[Finding]:
    """Whether methods and headers pass that the API needs."""
    blocked = [
        method
        for method in ("PUT", "PATCH", "DELETE")
        if not site.ask(method, "/api/posts/1", _AUTHORIZED).is_ours
    ]
    if blocked:
        said = f"The proxy does not pass on {', '.join(blocked)}: let it pass on every method."
        yield Wrong("methods_blocked", said)
    headers = {**_AUTHORIZED, "Origin": _FOREIGN, "Content-Type": "application/json"}
    answer = site.ask("POST", "/api/sessions", headers, b"{}")
    if answer.told.get("code") == "origin_not_allowed":  # as without the header
        said = "The proxy takes Authorization away: let it pass it on, or no token works."
        yield Wrong("authorization_dropped", said)


def check_bodies(site: Site) -> Iterator[Finding]:
    """Whether files come through, and begin to before they are whole.

    The server refuses at once whoever is not signed in, before it has the bytes.
    """
    size = site.settings.max_file_bytes + _OF_THE_FORM_BYTES
    refused = site.begin_to_send("/api/files", {**_AUTHORIZED, "Content-Type": _FORM}, size)
    if refused is None:
        said = "The proxy keeps a file until it is whole: let it pass it on as it comes"
        yield Wrong("uploads_held", f"{said} (nginx: proxy_request_buffering off).")
    elif refused.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and not refused.is_ours:
        most = site.settings.max_file_mb + 1
        said = f"The proxy refuses files of {PREFIX}MAX_FILE_MB: let it take larger ones"
        yield Wrong("bodies_refused", f"{said} (nginx: client_max_body_size {most}m).")
    elif refused.status != HTTPStatus.UNAUTHORIZED:
        said = f"The proxy answers {refused.status} to a file of {size} bytes: let it pass it on."
        yield Wrong("bodies_refused", said)
    else:
        yield Well(f"files of {site.settings.max_file_mb} MB pass as they come")


def check_compression(site: Site) -> Iterator[Finding]:
    answer = site.ask("GET", "/static/live.js", {"Accept-Encoding": "gzip"})
    if answer.headers["Content-Encoding"] not in _COMPRESSED:
        said = "Nothing comes compressed: let the proxy pass on Accept-Encoding as it is."
        yield Wrong("uncompressed", said)


def check_websocket(site: Site) -> Iterator[Finding]:
    """Whether a page of the site itself would be let in with its cookie."""
    yield from socket_findings(site, site.url, "socket_of_another")


def socket_findings(site: Site, origin: str, refused_as: str) -> Iterator[Finding]:
    code = asyncio.run(_code_of_socket(site, origin))
    if isinstance(code, str):
        said = f"No WebSocket comes through ({code}): let the proxy pass on Upgrade and Connection."
        yield Wrong("socket_blocked", said)
    elif code == Close.ORIGIN_NOT_ALLOWED:
        said = (
            f"A page of {origin} is not let in at /api/live: let the proxy pass on Host and"
            " X-Forwarded-Proto there, too."
        )
        yield Wrong(refused_as, said)
    else:
        yield Well("a WebSocket comes through")


async def _code_of_socket(site: Site, origin: str) -> int | str:
    """With which code it is closed, or why it is not opened."""
    from websockets import exceptions  # noqa: PLC0415 - loads a client for WebSockets
    from websockets.asyncio.client import connect  # noqa: PLC0415 - the same
    from websockets.typing import Origin  # noqa: PLC0415 - the same

    tls: ssl.SSLContext | None = site.tls if site.is_https else None
    cookie = {"Cookie": "homeroom=doctor; __Host-homeroom=doctor"}  # under whatever name it looks
    address = f"{site.url.replace('http', 'ws', 1)}/api/live"
    try:
        async with connect(
            address,
            ssl=tls,
            origin=Origin(origin),
            additional_headers=cookie,
            open_timeout=ANSWERS_WITHIN_S,
            compression=None,
            proxy=None,
        ) as live:
            await live.send(_HELLO)
            while True:
                await asyncio.wait_for(live.recv(), ANSWERS_WITHIN_S)
    except exceptions.ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else "it is cut off"
    except exceptions.InvalidStatus as error:
        return f"status {error.response.status_code}"
    except (exceptions.WebSocketException, OSError) as error:
        return type(error).__name__


def check_events(site: Site) -> Iterator[Finding]:
    """Whether events come when they are sent, for whom WebSockets are blocked."""
    with closing(site.opened()) as connection:
        connection.request("GET", "/health/seen", headers={"Accept": EVENT_STREAM})
        answer = connection.getresponse()
        came_at = []
        while line := answer.readline():
            if line.startswith(b"data:"):
                came_at.append(time.monotonic())
    if len(came_at) != 2:  # noqa: PLR2004 - so many are sent
        raise HTTPException("an event stream is cut off")
    if came_at[1] - came_at[0] < SAID_AGAIN_AFTER_S / 2:
        said = "The proxy holds events back: let it pass on text/event-stream as it comes"
        yield Wrong("events_held", f"{said} (nginx: proxy_buffering off).")
    else:
        yield Well("events come as they are sent")
