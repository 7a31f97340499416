"""What personal access tokens are good for: all that a door has to know of their scopes.

A route is closed to them unless it is named here, by its blueprint or by itself. So they never get
at accounts, at ways back into them, or at the administration of the server.
"""

from model.errors import Forbidden
from model.log.event import ADMIN_TOPIC
from model.user import Caller, Scope

_SAFE = {"GET", "HEAD", "OPTIONS"}
_OF_GROUPS = {
    "groups", "join_codes", "memberships", "applications", "bans", "acts", "channels", "posts",
    "pins", "reports", "files", "documents", "search", "mentions", "scores", "topics", "stream",
}  # fmt: skip
"""The blueprints of what people do in groups: tokens see all of it, and with `write` do it."""

_SHOWN = {"me.show", "users.index", "users.show", "avatars.show"}
"""What else they see."""

_LETTING_IN = {"join_codes.show"}
"""What `read` does not see: it lets others in."""


def least_scope(endpoint: str, method: str) -> Scope:
    """The least that is good for a route: a token that reads, one that writes, or a session."""
    is_of_groups = endpoint.partition(".")[0] in _OF_GROUPS
    if method in _SAFE and endpoint not in _LETTING_IN:
        return Scope.READ if is_of_groups or endpoint in _SHOWN else Scope.SESSION
    return Scope.WRITE if is_of_groups else Scope.SESSION


def is_enough(caller: Caller, endpoint: str, method: str) -> bool:
    """Whether what the caller came with is good for a route; her rights are judged besides."""
    if caller.scope == Scope.SESSION:
        return True
    return least_scope(endpoint, method) in {Scope.READ, caller.scope}


def may_follow(caller: Caller, topic: str) -> bool:
    """Whether what the caller came with is good for a topic."""
    return caller.scope == Scope.SESSION or topic != ADMIN_TOPIC


def is_shown(caller: Caller) -> bool:
    """Whether others see the caller on a live connection: her presence, and what she signals."""
    return caller.scope != Scope.READ


def not_enough() -> Forbidden:
    detail = "A token that reads does not write, and none gets at accounts or the server."
    return Forbidden("token_not_enough", detail)
