"""Scores of the games that a channel plays."""

from typing import Annotated, Literal

from pydantic import Field
from quart import Blueprint, Response
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import Form, Name, PageQuery, Query
from api.middleware.idempotent import idempotent
from api.middleware.location import located
from api.transfer.delivery import CSV, deliver_table, delivers
from api.transfer.versions import ListVersion, versioned
from model.channel import find_channel
from model.database.page import DEFAULT_LIMIT, MAX_LIMIT
from model.log.cursor import Live, cursors
from model.score import (
    MAX_POINTS,
    GameView,
    ScoreView,
    delete_score,
    find_score,
    list_best,
    list_games,
    list_latest,
    set_score,
    write_table,
)

scores = Blueprint("scores", __name__)


class ScoreForm(Form):
    game: Name
    points: Annotated[int, Field(ge=-MAX_POINTS - 1, le=MAX_POINTS)]


class ScoreQuery(PageQuery):
    game: Name
    order: Literal["best", "latest"] = "best"


class TableQuery(Query):
    game: Name


class ScoreList(TypedDict):
    scores: list[ScoreView]
    next: int | None
    live: Live


class GameQuery(Query):
    """A page of what follows on the name `after`."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: Name | None = None


class GameList(TypedDict):
    games: list[GameView]
    next: str | None
    live: Live


@scores.get("/channels/<id:channel_id>/games")
@validate_querystring(GameQuery)
@document_response(GameList)
async def index_games(channel_id: int, query_args: GameQuery) -> GameList:
    """The games in which a channel has scores, by their names."""
    async with read() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        limit, after = query_args.limit, query_args.after or ""
        games, following = await list_games(db, channel, limit, after=after)
        live = await cursors(db, channel.topic)
    return {"games": games, "next": following, "live": live}


@scores.get("/channels/<id:channel_id>/scores")
@validate_querystring(ScoreQuery)
@document_response(ScoreList)
@versioned
async def index(channel_id: int, query_args: ScoreQuery, version: ListVersion) -> ScoreList:
    """Each player's best of a game, highest first; with `order=latest` all, newest first."""
    list_scores = list_best if query_args.order == "best" else list_latest
    async with read() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        live = await version.cursors(db, channel.topic, channel.group_topic)
        found, following = await list_scores(db, channel, query_args.game, query_args.page)
    return {"scores": found, "next": following, "live": live}


@scores.get("/channels/<id:channel_id>/scores.csv")
@validate_querystring(TableQuery)
@delivers(CSV)
async def show_table(channel_id: int, query_args: TableQuery) -> Response:
    """Each player's best of a game as a table for spreadsheets, of 5,000 players at most."""
    async with read() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        table = await write_table(db, channel, query_args.game)
    return await deliver_table(table, f"{channel.name}, {query_args.game}.csv")


@scores.post("/channels/<id:channel_id>/scores")
@validate_request(ScoreForm)
@document_response(ScoreView, 201)
@located("/api/scores/{id}")
@idempotent
async def create(channel_id: int, data: ScoreForm) -> tuple[ScoreView, int]:
    """Set a score, as anybody who may read the channel."""
    async with write() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        return await set_score(db, channel, data.game, data.points, by=caller()), 201


@scores.delete("/scores/<id:score_id>")
async def delete(score_id: int) -> tuple[str, int]:
    """Delete one's own score, or as a moderator anybody's."""
    async with write() as db:
        await delete_score(db, await find_score(db, score_id, reader=caller()), by=caller())
    return "", 204
