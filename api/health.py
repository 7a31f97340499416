"""Tells monitoring whether the server lives, and whether it can work."""

from typing import Literal, NotRequired

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


class ReadyView(TypedDict):
    """`degraded` with `bus_away`: other machines are heard a quarter of a second late."""

    status: Literal["ok", "degraded"]
    code: NotRequired[Literal["bus_away"]]


@health.get("/health")
@public
@document_response(HealthView)
@in_lane
async def live() -> HealthView:
    """The process answers."""
    return {"status": "ok"}


@health.get("/ready")
@public
@document_response(ReadyView)
@document_response(Problem, 503)
async def ready() -> ReadyView:
    """The worker can work: it reads its database, knows all events, and can write to its disk.

    503 says what is missing: `database_away`, `log_not_readable`, `disk_full`, `disk_not_writable`
    or `disk_away`. With `log_not_readable` no look for new events has succeeded for 5 seconds, and
    the worker has sent its live connections to others. It recovers by itself. Without Redis it is
    ready, but `degraded`: nothing is lost, and if no machine took requests then, much would be.
    """
    await services().readiness.require()
    if not services().bus.is_well:
        return {"status": "degraded", "code": "bus_away"}
    return {"status": "ok"}
