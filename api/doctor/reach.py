"""From outside: whether a site is reached, safely, and whether the server knows who asks."""

import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_network

from api.doctor.finding import Finding, Well, Wrong
from api.doctor.site import ANSWERS_WITHIN_S, Site
from api.middleware.proxy import Address, is_loopback, parsed
from api.settings import PREFIX

_LEFT_SHARE = 0.2  # of a certificate's time: whoever renews it has done so by then
_GATEWAY = {502, 503, 504}
_NOBODY = "192.0.2.99"  # RFC 5737: no client comes from there
_PROXIES = f"put the proxy's address into {PREFIX}TRUSTED_PROXIES, and let it send"


def check_tls(site: Site) -> Iterator[Finding]:
    if not site.is_https:
        if not is_loopback(site.netloc):
            said = "Passwords go in clear: put a proxy with https in front, and name https here."
            yield Wrong("no_tls", said)
        return
    try:
        with closing(site.opened()) as connection:
            connection.connect()
            tls = connection.sock
            assert isinstance(tls, ssl.SSLSocket)
            yield from _of_certificate(tls)
    except ssl.SSLCertVerificationError as error:
        yield _untrusted(site, error)
        site.tls = ssl.create_default_context()
        site.tls.check_hostname, site.tls.verify_mode = False, ssl.CERT_NONE


def _of_certificate(tls: ssl.SSLSocket) -> Iterator[Finding]:
    dates = tls.getpeercert() or {}
    begins, ends = [ssl.cert_time_to_seconds(str(dates[key])) for key in ("notBefore", "notAfter")]
    left_s = ends - time.time()
    days = f"{left_s / 86_400:.0f} days"
    if left_s < _LEFT_SHARE * (ends - begins):
        said = f"The certificate ends in {days}, and is not renewed: see to what renews it."
        yield Wrong("certificate_ends", said)
    else:
        yield Well(f"{tls.version()}, certificate good for {days}")


def _untrusted(site: Site, error: ssl.SSLCertVerificationError) -> Wrong:
    match error.verify_code:  # X509_V_ERR_… of OpenSSL
        case 10:
            return Wrong("certificate_expired", "The certificate has expired: renew it.")
        case 62 | 64:
            said = f"The certificate is not for {site.host}: get one for this name."
            return Wrong("certificate_of_another", said)
    said = f"Browsers do not trust the certificate ({error.verify_message}): get one they trust."
    return Wrong("certificate_untrusted", said)


def check_reached(site: Site) -> Iterator[Finding]:
    answer = site.ask("GET", "/health")
    if answer.told == {"status": "ok"}:
        ready = site.ask("GET", "/ready")
        if ready.status == 200:  # noqa: PLR2004 - OK
            yield Well(f"{site.url} is reached, and is ready")
        else:
            told = f"{ready.told.get('code', '')}: {ready.told.get('detail', '')}"
            yield Wrong("not_ready", f"/ready says {ready.status} {told}")
    elif answer.status in _GATEWAY:
        said = f"The proxy answers {answer.status}: start the server, or correct where it looks."
        yield Wrong("proxy_without_server", said)
    elif place := answer.headers.get("Location"):
        yield Wrong("site_is_elsewhere", f"It sends everybody on to {place}: name that here.")
    else:
        said = f"Something else answers there ({answer.status}): see where the name leads."
        yield Wrong("not_homeroom", said)


def check_http(site: Site) -> Iterator[Finding]:
    """Whether who types the name without https is sent on to it."""
    if site.is_https and site.port == 443:  # noqa: PLR2004 - where http has a port of its own
        yield from http_findings(site, 80)


def http_findings(site: Site, port: int) -> Iterator[Finding]:
    try:
        with closing(HTTPConnection(site.host, port, timeout=ANSWERS_WITHIN_S)) as connection:
            connection.request("GET", "/sign-in")
            answer = connection.getresponse()
    except (OSError, HTTPException):
        return  # nobody is there
    if answer.status < 300 and not (answer.headers["Location"] or "").startswith("https:"):  # noqa: PLR2004 - a page
        said = "The pages are there without https, too: let the proxy send http on to https."
        yield Wrong("http_open", said)


def check_proxy(site: Site) -> Iterator[Finding]:
    """What the server is told of whoever asks."""
    ours, theirs = site.ends()
    answer = site.ask("GET", "/health/seen")
    seen = answer.told
    if not seen.keys() >= {"address", "scheme", "host"}:
        yield Wrong("not_homeroom", f"/health/seen answers {answer.status}: update the server.")
        return
    if seen["scheme"] != ("https" if site.is_https else "http"):
        said = f"The server believes that it is asked by {seen['scheme']}: {_PROXIES}"
        yield Wrong("scheme_unknown", f"{said} X-Forwarded-Proto.")
    if seen["host"].lower() != site.netloc.lower():
        said = f"The server is asked for {seen['host']} instead of {site.netloc}: let the proxy"
        yield Wrong("host_unknown", f"{said} pass on Host as it is (nginx: $http_host).")
    if not _is_client(parsed(seen["address"]), parsed(ours), parsed(theirs)):
        said = f"Everybody seems to come from {seen['address']}: {_PROXIES} X-Forwarded-For."
        yield Wrong("clients_unknown", said)
    if not _is_trusted(site, parsed(ours)):
        claimed = site.ask("GET", "/health/seen", {"X-Forwarded-For": _NOBODY}).told
        if claimed.get("address") == _NOBODY:
            said = (
                "Anybody may say where he comes from: let the proxy add the address that it sees"
                f" to X-Forwarded-For, and {PREFIX}TRUSTED_PROXIES name nobody else."
            )
            yield Wrong("clients_believed", said)
    yield Well(f"asked by {seen['scheme']} for {seen['host']}, from {seen['address']}")


def _is_client(seen: Address | None, ours: Address | None, theirs: Address | None) -> bool:
    """Whether it may be us: networks in between may have given us another address, but no proxy."""
    if seen is None or ours is None or seen == ours:
        return seen is not None
    return seen.is_global and seen != theirs and not ours.is_loopback


def _is_trusted(site: Site, ours: Address | None) -> bool:
    """Whether we are at a proxy ourselves, which may say what it likes."""
    networks = map(ip_network, site.settings.trusted_proxies)
    return ours is None or any(ours in network for network in networks)


def check_caching(site: Site) -> Iterator[Finding]:
    ids = [site.ask("GET", "/api/me").headers["X-Request-Id"] for _ in range(2)]
    if ids[0] is not None and ids[0] == ids[1]:
        said = (
            "Something in between keeps answers of the API: let it pass on /api/ without a cache."
        )
        yield Wrong("answers_cached", said)
