"""Homeroom as `python main.py` serves it, with one more route: many events in few requests."""

from typing import Annotated, Any

from pydantic import Field
from quart_schema import validate_request

from api.channels import channels
from api.cli import cli
from api.context import caller, read, write
from api.forms import Form
from model.channel import find_channel
from model.database.table import now
from model.log.event import record

Count = Annotated[int, Field(ge=1, le=1000)]


class CommitsForm(Form):
    """So many commits in a row, each with so many events whose text has so many characters."""

    commits: Count = 1
    events: Count = 1
    chars: Annotated[int, Field(ge=1, le=8192)]


@channels.post("/channels/<id:channel_id>/commits")
@validate_request(CommitsForm)
async def commit(channel_id: int, data: CommitsForm) -> tuple[dict[str, int], int]:
    """Events as those of posts."""
    async with read() as db:
        channel = await find_channel(db, channel_id, reader=caller())
    view = post_view(channel_id, "x" * data.chars)
    for _ in range(data.commits):
        async with write() as db:
            for _ in range(data.events):
                record(db, channel.topic, "post.created", view, by=caller().id)
    return {"events": data.commits * data.events}, 201


def post_view(channel_id: int, text: str) -> dict[str, Any]:
    return {
        "id": 1,
        "channel_id": channel_id,
        "parent": None,
        "author": caller().person,
        "text": text,
        "created_at": now(),
        "edited_at": None,
        "reply_count": 0,
        "reactions": [],
        "files": [],
    }


if __name__ == "__main__":
    cli()
