"""What is measured, for Prometheus and whatever else reads its format."""

import asyncio
import hmac

from quart import Blueprint, Response, request
from quart_schema import hide

from api.context import meter, settings
from api.middleware.auth import bearer_token, public
from model.errors import NotFound, NotSignedIn

metrics = Blueprint("metrics", __name__)


@metrics.get("/metrics")
@public
@hide
async def show() -> Response:
    """The figures of all workers of this machine, to whoever has HOMEROOM_METRICS_TOKEN."""
    token = settings().metrics_token
    if token is None:
        raise NotFound
    given = bearer_token(request.headers.get("Authorization", ""))
    if not hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        raise NotSignedIn("Send HOMEROOM_METRICS_TOKEN as a bearer token.")
    accepted = request.headers.get("Accept", "")
    body, media_type = await asyncio.to_thread(meter().shown, accepted)
    return Response(body, content_type=media_type)
