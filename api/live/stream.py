"""`GET /api/live` as Server-Sent Events: the same messages, for whom WebSockets are blocked."""

from collections.abc import AsyncIterator, Mapping

import msgspec
from quart import Blueprint, Response, request
from quart_schema import hide
from werkzeug.exceptions import NotAcceptable

from api.context import services, shielded
from api.live.commands import sign_in, subscribe, watch
from api.live.connection import TRY_AGAIN_AFTER_S, Connection
from api.live.protocol import Close, Hello, Seq, Topic, Watch
from api.middleware.auth import token_of
from api.middleware.cors import require_own_page
from model.database.table import MAX_ID
from model.errors import Invalid, TryAgain

EVENT_STREAM = "text/event-stream"

stream = Blueprint("stream", __name__)


class MessageId(msgspec.Struct):
    """The id of each message, which is the `live` of all topics."""

    epoch: str | None = None
    topics: dict[Topic, Seq] | None = None

    def after(self, topic: str) -> int | None:
        """A topic that it does not name was reset: it is beyond any number that is kept."""
        return None if self.topics is None else self.topics.get(topic, MAX_ID)


@stream.get("/live")
@hide
async def follow() -> Response:
    """Follow each `topic=…` of the query, and with `watch=1` watch; resumes by `Last-Event-ID`."""
    if EVENT_STREAM not in request.accept_mimetypes.values():
        raise NotAcceptable
    if "Authorization" not in request.headers:
        require_own_page()
    last = last_message_id()
    wanted = {topic: last.after(topic) for topic in topics_asked_for()}
    connection = Connection(services(), is_one_way=True)
    is_watching = request.args.get("watch") == "1"
    body = messages(connection, token_of(request) or "", wanted, last.epoch, is_watching)
    return event_stream(body)


def event_stream(body: AsyncIterator[str]) -> Response:
    """What is passed on as it comes, for as long as it lasts."""
    response = Response(body if request.method == "GET" else b"", content_type=EVENT_STREAM)
    response.timeout = None
    response.headers["X-Accel-Buffering"] = "no"
    return response


def last_message_id() -> MessageId:
    """The id in the header, which a browser sends when it comes back, or in the query."""
    given = request.headers.get("Last-Event-ID") or request.args.get("last_event_id")
    try:
        return msgspec.json.decode(given, type=MessageId) if given else MessageId()
    except (msgspec.MsgspecError, RecursionError):
        raise Invalid({"last_event_id": "This is not the id of a message from here."}) from None


def topics_asked_for() -> list[str]:
    try:
        return msgspec.convert(request.args.getlist("topic"), list[Topic])
    except msgspec.ValidationError:
        raise Invalid({"topic": "One of these is not the name of a topic."}) from None


async def messages(
    connection: Connection,
    token: str,
    wanted: Mapping[str, int | None],
    epoch: str | None,
    is_watching: bool,
) -> AsyncIterator[str]:
    with connection.services.serving(connection):
        try:
            await shielded(sign_in(Hello(token=token), connection))
            await shielded(subscribe(wanted, epoch, None, connection))
            if is_watching:
                watch(Watch(), connection)
        except TryAgain:
            connection.close(Close.RESTART, retry_after=TRY_AGAIN_AFTER_S)
        async for frame in connection.frames():
            sent = connection.cursors
            where = f"id: {msgspec.json.encode(sent).decode()}\n" if sent["topics"] else ""
            yield f"{where}data: {frame.text}\n\n"
        if retry_after := connection.bye.retry_after:
            yield f"retry: {int(retry_after * 1000)}\n\n"
