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
    """The worker reads its database and knows all events: it looks for new ones all the time.

    503 says `log_not_readable` when no look has succeeded for 5 seconds. Then the worker has sent
    its live connections to others. It recovers by itself.
    """
    services().feed.require_fresh()
    return {"status": "ok"}
