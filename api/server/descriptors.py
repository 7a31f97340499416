"""Open files and sockets: as many as a process may have, and some kept free for what serves."""

from contextlib import suppress

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

_MANY = 10_240  # as many as macOS takes where it names no limit
_KEPT_FREE = 256  # for the database, files that come and go, and refusals; or a quarter


def raise_limit() -> None:
    """Let this process, and those that it starts, open as many as the system allows."""
    if resource is None:
        return
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MANY if allowed == resource.RLIM_INFINITY else allowed
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, allowed))


def most_that_may_be_open() -> int | None:
    """The hard limit of the system, if it has one."""
    if resource is None:
        return None
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if allowed == resource.RLIM_INFINITY else allowed


def most_for_connections() -> int | None:
    """The number of descriptors from which on connections are refused."""
    if resource is None:
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most - min(most // 4, _KEPT_FREE)
