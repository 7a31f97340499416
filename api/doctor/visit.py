"""The visit: every check, in the order in which one rests on the other."""

from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException

from api.doctor.database import check_database
from api.doctor.finding import Finding, Wrong
from api.doctor.folder import check_backups, check_disk, check_folder
from api.doctor.machine import check_clock, check_descriptors, check_libraries, check_settings
from api.doctor.neighbours import check_mail, check_object_store, check_redis
from api.doctor.origin import check_origin
from api.doctor.passing import (
    check_bodies,
    check_compression,
    check_events,
    check_requests,
    check_websocket,
)
from api.doctor.reach import check_caching, check_http, check_proxy, check_reached, check_tls
from api.doctor.server import check_server
from api.doctor.site import Site
from api.settings import Settings, WrongSettings, load_settings

Check = Callable[[Settings], Iterator[Finding]]

OF_THIS_MACHINE: Sequence[tuple[str, Check]] = (
    ("settings", check_settings),
    ("libraries", check_libraries),
    ("descriptors", check_descriptors),
    ("clock", check_clock),
    ("folder", check_folder),
    ("disk", check_disk),
    ("database", check_database),
    ("backups", check_backups),
    ("redis", check_redis),
    ("files", check_object_store),
    ("mail", check_mail),
    ("server", check_server),
)


OF_A_SITE: Sequence[tuple[str, Callable[[Site], Iterator[Finding]]]] = (
    ("reach", check_reached),
    ("http", check_http),
    ("proxy", check_proxy),
    ("cache", check_caching),
    ("requests", check_requests),
    ("bodies", check_bodies),
    ("compression", check_compression),
    ("socket", check_websocket),
    ("events", check_events),
    ("origin", check_origin),
)


def visit_machine() -> Iterator[tuple[str, Finding]]:
    """What is found here, each with what it is about. With wrong settings nothing else is tried."""
    try:
        settings = load_settings()
    except WrongSettings as error:
        yield from (("settings", Wrong("setting_wrong", line)) for line in str(error).splitlines())
        return
    for subject, check in OF_THIS_MACHINE:
        yield from ((subject, finding) for finding in check(settings))


def visit_site(site: Site) -> Iterator[tuple[str, Finding]]:
    """What is found from outside. If nobody answers there, nothing else is tried."""
    yield from (("tls", finding) for finding in _answered(check_tls, site))
    for subject, check in OF_A_SITE:
        is_wrong = False
        for finding in _answered(check, site):
            is_wrong = is_wrong or isinstance(finding, Wrong)
            yield subject, finding
        if is_wrong and check is check_reached:
            return


def _answered(check: Callable[[Site], Iterator[Finding]], site: Site) -> Iterator[Finding]:
    try:
        yield from check(site)
    except (OSError, HTTPException) as error:
        said = f"Nobody answers as it should ({type(error).__name__}: {error})."
        yield Wrong("no_answer", said)
