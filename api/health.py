"""Tells monitoring whether the server lives, and whether it can work."""

from quart import Blueprint
from quart_schema import document_response
from typing_extensions import TypedDict

from api.context import read
from api.middleware.auth import public
from model.log.cursor import cursors
from model.log.event import RIGHTS_TOPIC

health = Blueprint("health", __name__)


class HealthView(TypedDict):
    status: str


@health.get("/health")
@public
@document_response(HealthView)
async def live() -> HealthView:
    """The process answers."""
    return {"status": "ok"}


@health.get("/ready")
@public
@document_response(HealthView)
async def ready() -> HealthView:
    """The database answers too."""
    async with read() as db:
        await cursors(db, RIGHTS_TOPIC)
    return {"status": "ok"}
