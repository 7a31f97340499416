"""Pictures of people, made square and small."""

import asyncio
import hashlib

from quart import Blueprint, Response
from quart_schema import DataSource, document_request, document_response

from api.context import caller, read, services, write
from api.middleware.auth import public
from api.middleware.limits import limit
from api.transfer.delivery import deliver_picture, delivers
from api.transfer.upload import FileForm, count_bytes, passing_room, received
from model.account import find_avatar, set_avatar
from model.limit import UPLOAD_LIMIT
from model.storage.blob import expect_blob
from model.storage.incoming import put_content, read_content
from model.storage.picture import MAX_PICTURE_BYTES
from model.storage.picture_work import avatar
from model.user import OwnUserView, find_account

avatars = Blueprint("avatars", __name__)

FOR_EVER = "public, max-age=31536000, immutable"  # another picture has another address


@avatars.put("/me/avatar")
@limit(UPLOAD_LIMIT, lambda: f"user:{caller().id}")
@document_request(FileForm, source=DataSource.FORM_MULTIPART)
@document_response(OwnUserView)
async def update() -> OwnUserView:
    """Set your picture: the part `file` of a form."""
    async with received(MAX_PICTURE_BYTES, passing_room()) as came, services().pictures.turn():
        made = await asyncio.to_thread(avatar, came.file)
    await count_bytes(len(made))
    sha256 = hashlib.sha256(made).hexdigest()
    async with write() as db:
        blob = await expect_blob(db, sha256, len(made))
    await put_content(services().store, services().incoming, blob.key, made)
    async with write() as db:
        changed = await set_avatar(db, await find_account(db, caller().id), sha256)
    return changed.own_view()


@avatars.delete("/me/avatar")
@document_response(OwnUserView)
async def delete() -> OwnUserView:
    """Remove your picture; your initials are shown again."""
    async with write() as db:
        changed = await set_avatar(db, await find_account(db, caller().id), None)
    return changed.own_view()


@avatars.get("/avatars/<sha256>")
@public
@delivers("image/webp")
async def show(sha256: str) -> Response:
    """The picture of a person as WebP, for everybody who has its address."""
    async with read() as db:
        blob = await find_avatar(db, sha256)
    picture = await read_content(services().store, blob.key, blob.size_bytes)
    return await deliver_picture(picture, sha256, FOR_EVER)
