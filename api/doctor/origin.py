"""From outside: whether a page of another origin could use the site, and how it signs in."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from api.doctor.finding import Finding, Well, Wrong
from api.doctor.passing import socket_findings
from api.doctor.site import Answer, Site
from api.middleware.cors import ALLOWED, EXPOSED, METHODS
from api.middleware.proxy import is_loopback
from api.settings import PREFIX

_ORIGIN = "Access-Control-Allow-Origin"


def check_origin(site: Site) -> Iterator[Finding]:
    origin = site.origin
    if origin is None or origin == site.url:
        return
    if origin.startswith("https:") and not site.is_https and not is_loopback(site.netloc):
        said = f"Browsers let no page of {origin} ask {site.url}: let the server have https."
        yield Wrong("mixed_content", said)
    answer = site.ask("GET", "/api/me", {"Origin": origin})
    found = list(_of_answer(answer, origin)) or list(_of_preflight(site, origin))
    yield from found
    if not found:
        yield Well(f"pages of {origin} may ask")
        yield from socket_findings(site, origin, "socket_of_another")
        yield Well(_how_to_sign_in(site, origin))


def _of_answer(answer: Answer, origin: str) -> Iterator[Finding]:
    allowed = answer.all(_ORIGIN)
    if not allowed:
        yield Wrong("origin_unknown", f"{origin} may not ask: put it into {PREFIX}ORIGINS.")
    elif allowed != [origin] or answer.all("Access-Control-Allow-Credentials") != ["true"]:
        said = f"Something else than the server answers with {_ORIGIN}: {', '.join(allowed)}."
        yield Wrong("cors_of_another", f"{said} Let the proxy leave such headers alone.")
    elif not _names(EXPOSED) <= _names(", ".join(answer.all("Access-Control-Expose-Headers"))):
        said = "Access-Control-Expose-Headers lacks what the server sends: let the proxy leave it."
        yield Wrong("cors_of_another", said)


def _of_preflight(site: Site, origin: str) -> Iterator[Finding]:
    """What a browser asks before it sends JSON, a token, or anything but a GET."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    answer = site.ask("OPTIONS", "/api/posts/1", asked)
    allowed = {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": ALLOWED,
    }
    lacking = [
        name
        for name, all_ in allowed.items()
        if not _names(all_) <= _names(", ".join(answer.all(name)))
    ]
    if answer.status >= 300 or answer.all(_ORIGIN) != [origin] or lacking:  # noqa: PLR2004 - refused
        said = f"The proxy answers OPTIONS itself ({answer.status}): let it pass that on."
        yield Wrong("preflight_of_another", said)


def _names(listed: str) -> set[str]:
    return {name.strip().lower() for name in listed.split(",") if name.strip()}


def _how_to_sign_in(site: Site, origin: str) -> str:
    if urlsplit(origin).hostname == site.host:
        return "the same host: a page there signs in with a cookie (credentials: 'include')"
    if site.is_https:
        return (
            "another host: a page there signs in with a token, or with a cookie that is kept for it"
            " alone, where the browser keeps any (credentials: 'include')"
        )
    return 'another host over http: a page there signs in with a token ("token": true) only'
