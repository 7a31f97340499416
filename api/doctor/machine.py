"""What the machine gives: settings that make sense, descriptors, and a clock."""

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

from api.adapters.guard import Untried, require_tried
from api.doctor.finding import Finding, Well, Wrong
from api.server.descriptors import most_that_may_be_open
from api.settings import PREFIX, Settings, misspelt_settings

_LEAST_DESCRIPTORS = 4096
_WIDEST_PREFIX = {4: 8, 6: 16}  # wider networks are nobody's own


def check_settings(settings: Settings) -> Iterator[Finding]:
    given = len(settings.model_fields_set)
    yield Well(f"{given} of {len(Settings.model_fields)} given; the others have their defaults")
    for sentence in misspelt_settings():
        yield Wrong("setting_misspelt", sentence)
    if not settings.is_limited:
        said = f"{PREFIX}LIMITS is off, so passwords can be guessed: leave it out."
        yield Wrong("limits_off", said)
    for network in map(ip_network, settings.trusted_proxies):
        if network.prefixlen < _WIDEST_PREFIX[network.version]:
            said = (
                f"{PREFIX}TRUSTED_PROXIES trusts {network}, so anybody may claim to come from"
                " anywhere: name the proxy's own address."
            )
            yield Wrong("everybody_trusted", said)
    if settings.redis_url is not None and settings.database_url is None:
        said = (
            f"{PREFIX}REDIS_URL is for several machines, which cannot share SQLite:"
            f" set {PREFIX}DATABASE_URL, or leave it out."
        )
        yield Wrong("redis_without_postgresql", said)


def check_libraries(_: Settings) -> Iterator[Finding]:
    try:
        require_tried()
    except Untried as error:
        yield Wrong("library_untried", str(error))


def check_descriptors(_: Settings) -> Iterator[Finding]:
    """Each connection is an open file to the system."""
    most = most_that_may_be_open()
    if most is not None and most < _LEAST_DESCRIPTORS:
        said = (
            f"A process may open {most} files and connections only: raise the hard limit"
            f" (`ulimit -Hn`, LimitNOFILE of systemd) to {_LEAST_DESCRIPTORS} or more."
        )
        yield Wrong("few_descriptors", said)


def check_clock(_: Settings) -> Iterator[Finding]:
    """A machine without a battery begins in the year 1970; code from the future tells."""
    written = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    now = datetime.now(UTC)
    if now < written:
        said = f"It is {now:%Y-%m-%d %H:%M} UTC, but the code is of {written:%Y-%m-%d}: set it."
        yield Wrong("clock_behind", said)
    else:
        yield Well(f"{now:%Y-%m-%d %H:%M:%S} UTC")
