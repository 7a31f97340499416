"""Files: uploaded for posts, read by whoever may read a post that carries them."""

from datetime import datetime
from typing import Literal

from quart import Blueprint, Response, request
from quart_schema import (
    DataSource,
    document_request,
    document_response,
    validate_querystring,
)
from typing_extensions import TypedDict

from api.context import caller, read, services, settings, write
from api.middleware.errors import Problem
from api.middleware.idempotent import idempotent
from api.middleware.limits import limit
from api.middleware.links import LinkQuery, linkable, signed_query
from api.middleware.location import located
from api.transfer.delivery import (
    JUDGED,
    PLAYABLE,
    UNKNOWN,
    client_has,
    deliver_file,
    deliver_picture,
    delivers,
)
from api.transfer.upload import FileForm, takes_file
from model.attachment import delete_file, find_file
from model.file import FileView, Upload, add_file
from model.limit import UPLOAD_LIMIT
from model.storage.picture import THUMBNAILS, NoPicture

files = Blueprint("files", __name__)


class ThumbnailQuery(LinkQuery):
    """The length of the longer side in pixels."""

    size: Literal["64", "256", "1024"] = "256"


class LinksView(TypedDict):
    """Links that work for anybody, as long as the person who made them may read the file."""

    url: str
    thumbnails: dict[str, str] | None
    expires_at: datetime


@files.post("/files")
@limit(UPLOAD_LIMIT, lambda: f"user:{caller().id}")
@document_request(FileForm, source=DataSource.FORM_MULTIPART)
@document_response(FileView, 201)
@located("/api/files/{id}")
@takes_file
@idempotent
async def create(data: Upload) -> tuple[FileView, int]:
    """Upload a file, as the part `file` of a form; a post that is written then may carry it."""
    async with write() as db:
        return await add_file(db, data, settings().user_quota_bytes, by=caller()), 201


@files.get("/files/<id:file_id>")
@linkable
@validate_querystring(LinkQuery)
@delivers(UNKNOWN, *sorted(PLAYABLE))
async def show(file_id: int, query_args: LinkQuery) -> Response:
    """The bytes of a file, or a range of them."""
    del query_args
    async with read() as db:
        file = await find_file(db, file_id, reader=caller())
    return await deliver_file(services().store, file.blob, file.name, file.media_type)


@files.get("/files/<id:file_id>/thumbnail")
@linkable
@validate_querystring(ThumbnailQuery)
@delivers("image/webp")
@document_response(Problem, 409)
async def show_thumbnail(file_id: int, query_args: ThumbnailQuery) -> Response:
    """A picture made small, as WebP."""
    async with read() as db:
        file = await find_file(db, file_id, reader=caller())
    if not file.has_thumbnails:
        raise NoPicture
    tag = f"{file.blob.sha256}-{query_args.size}"
    if client_has(tag):
        return await deliver_picture(b"", tag, JUDGED)
    picture = await services().thumbnails.of(file.blob, int(query_args.size))
    return await deliver_picture(picture, tag, JUDGED)


@files.delete("/files/<id:file_id>")
async def delete(file_id: int) -> tuple[str, int]:
    """Delete your own file, also from the posts that carry it."""
    async with write() as db:
        await delete_file(db, await find_file(db, file_id, reader=caller()), by=caller())
    return "", 204


@files.post("/files/<id:file_id>/links")
@document_response(LinksView, 201)
async def create_links(file_id: int) -> tuple[LinksView, int]:
    """Make links for ten minutes, for pictures on pages elsewhere, which cannot send a token."""
    async with read() as db:
        file = await find_file(db, file_id, reader=caller())
    query, expires_at = signed_query(f"file {file.id}")
    path = f"{settings().public_url or request.host_url.rstrip('/')}/api/files/{file.id}"
    sizes = {str(size): f"{path}/thumbnail?size={size}&{query}" for size in THUMBNAILS}
    thumbnails = sizes if file.has_thumbnails else None
    return {"url": f"{path}?{query}", "thumbnails": thumbnails, "expires_at": expires_at}, 201
