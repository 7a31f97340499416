"""Tells monitoring whether the server lives, and whether it can work."""

from quart import Blueprint
from quart_schema import document_response
from typing_extensions import TypedDict

from api.context import services
from api.lane import in_lane
from api.middleware.auth import public
from api.middleware.errors import Problem

health = Blueprint("health", __name__)


class HealthView(TypedDict):
    status: str


@health.get("/health")
@public
@document_response(HealthView)
@in_lane
async def live() -> HealthView:
    """The process answers."""
    return {"status": "ok"}


@health.get("/ready")
@public
@document_response(HealthView)
@document_response(Problem, 503)
async def ready() -> HealthView:
    """The worker can work: it reads its database, knows all events, and can write to its disk.

    503 says what is missing: `database_away`, `log_not_readable`, `disk_full`, `disk_not_writable`
    or `disk_away`. With `log_not_readable` no look for new events has succeeded for 5 seconds, and
    the worker has sent its live connections to others. It recovers by itself.
    """
    await services().readiness.require()
    return {"status": "ok"}
