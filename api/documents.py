"""Documents of a channel, and one's own under `/me`: any JSON under a key."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any

from pydantic import StringConstraints
from quart import Blueprint, Response, jsonify, request
from quart_schema import document_response, validate_querystring
from typing_extensions import TypedDict
from werkzeug.exceptions import UnsupportedMediaType

from api.context import caller, read, settings, write
from api.forms import PageQuery
from api.middleware.location import located
from api.transfer.preconditions import conditional, not_modified, precondition, tagged
from api.transfer.versions import ListVersion, versioned
from model.document import (
    DocumentView,
    delete_document,
    find_document,
    list_documents,
    patch_document,
    save_document,
)
from model.document_space import MAX_DOCUMENT_KEY_CHARS, find_space
from model.documents.json_body import MAX_DOCUMENT_BYTES, JsonValue
from model.errors import Invalid
from model.log.cursor import Live

View = Callable[..., Awaitable[Any]]

JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
IN_CHANNEL, OWN = "/channels/<id:channel_id>/documents", "/me/documents"

documents = Blueprint("documents", __name__)


class DocumentQuery(PageQuery):
    """A page of documents whose keys begin with `prefix`."""

    prefix: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]*$", max_length=MAX_DOCUMENT_KEY_CHARS)
    ] = ""


class DocumentList(TypedDict):
    documents: list[DocumentView]
    next: int | None
    live: Live


def takes_json(*media_types: str) -> Callable[[View], View]:
    """Take any JSON under one of these media types; the view gets it as `data`."""

    def decorate(view: View) -> View:
        @wraps(view)
        async def receive(*arguments: Any, **values: Any) -> Any:
            request.max_content_length = MAX_DOCUMENT_BYTES
            sent = await request.get_data(as_text=False)
            if not sent:
                raise Invalid({"body": "It is empty."})
            if request.mimetype not in media_types:
                raise UnsupportedMediaType
            return await view(*arguments, data=await request.get_json(), **values)

        receive.takes_json = media_types  # type: ignore[attr-defined] # for api/docs/openapi.py
        return receive

    return decorate


@documents.get(IN_CHANNEL)
@documents.get(OWN, endpoint="index_own")
@validate_querystring(DocumentQuery)
@document_response(DocumentList)
@versioned
async def index(
    query_args: DocumentQuery, version: ListVersion, channel_id: int | None = None
) -> DocumentList:
    """The documents whose keys begin with `prefix`, oldest first."""
    async with read() as db:
        space = await find_space(db, channel_id, reader=caller())
        live = await version.cursors(db, space.topic)
        found, following = await list_documents(db, space, query_args.prefix, query_args.page)
    return {"documents": found, "next": following, "live": live}


@documents.get(f"{IN_CHANNEL}/<key:key>")
@documents.get(f"{OWN}/<key:key>", endpoint="show_own")
@document_response(DocumentView)
@conditional("If-None-Match")
async def show(key: str, channel_id: int | None = None) -> Response:
    """One document, or 304 when you have this version."""
    condition = precondition()
    async with read() as db:
        space = await find_space(db, channel_id, reader=caller())
        document = await find_document(db, space, key)
    if condition.is_known(document.tag):
        return not_modified(document.tag)
    return tagged(jsonify(document.view()), document.tag)


@documents.put(f"{IN_CHANNEL}/<key:key>")
@documents.put(f"{OWN}/<key:key>", endpoint="save_own")
@takes_json(JSON)
@document_response(DocumentView)
@document_response(DocumentView, 201)
@located()
@conditional("If-Match", "If-None-Match")
async def save(key: str, data: JsonValue, channel_id: int | None = None) -> Response:
    """Save any JSON of up to 64 KiB: anew with `If-None-Match: *`, over a version with If-Match."""
    condition = precondition()
    async with write() as db:
        space = await find_space(db, channel_id, reader=caller())
        document, is_new = await save_document(
            db, space, key, data, condition, settings().user_quota_bytes, by=caller()
        )
    response = tagged(jsonify(document.view()), document.tag)
    response.status_code = 201 if is_new else 200
    return response


@documents.patch(f"{IN_CHANNEL}/<key:key>")
@documents.patch(f"{OWN}/<key:key>", endpoint="update_own")
@takes_json(JSON, MERGE_PATCH)
@document_response(DocumentView)
@conditional("If-Match", "If-None-Match")
async def update(key: str, data: JsonValue, channel_id: int | None = None) -> Response:
    """Change parts of a document by a merge patch (RFC 7396)."""
    condition = precondition()
    async with write() as db:
        space = await find_space(db, channel_id, reader=caller())
        document = await patch_document(
            db, space, key, data, condition, settings().user_quota_bytes, by=caller()
        )
    return tagged(jsonify(document.view()), document.tag)


@documents.delete(f"{IN_CHANNEL}/<key:key>")
@documents.delete(f"{OWN}/<key:key>", endpoint="delete_own")
@conditional("If-Match", "If-None-Match")
async def delete(key: str, channel_id: int | None = None) -> tuple[str, int]:
    """Delete a document; its key may be used again."""
    condition = precondition()
    async with write() as db:
        space = await find_space(db, channel_id, reader=caller())
        await delete_document(db, space, key, condition, by=caller())
    return "", 204
