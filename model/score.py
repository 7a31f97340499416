"""Scores of the games that a channel plays. Whoever may read the channel plays."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.act import record_channel_act
from model.channel import (
    CHANNEL_COLUMNS,
    CHANNELS_OF_READER,
    READABLE_CHANNEL,
    Channel,
    Channels,
    require_active,
)
from model.database.page import Page, pages
from model.database.row import AnyRow, columns_of, load
from model.database.table import MAX_ID, Base, now
from model.database.unit_of_work import Transaction, finder
from model.errors import Forbidden, Invalid, NotFound
from model.group import Memberships
from model.log.event import record
from model.text.csv_table import write_csv
from model.user import HAS_ACCOUNT, Caller, PersonView, Users, author

MAX_POINTS = MAX_ID  # of 64 bits
_MAX_TABLE_ROWS = 5_000


class Scores(Base):
    __tablename__ = "scores"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    player_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    game: Mapped[str]
    points: Mapped[int]
    created_at: Mapped[datetime]
    __table_args__ = (
        Index(None, "channel_id", "game", "id"),
        Index(None, "channel_id", "game", "player_id", "points", "id"),
        Index(None, "player_id", "channel_id"),  # in which channels somebody is shown
        {"sqlite_autoincrement": True},
    )


class ScoreView(TypedDict):
    id: int
    channel_id: int
    game: str
    points: int
    player: PersonView | None
    created_at: datetime


class GameView(TypedDict):
    """A game in which a channel has scores."""

    name: str


@dataclass(frozen=True)
class Score:
    id: int
    player_id: int | None
    channel: Channel

    @property
    def about(self) -> str:
        return f"score:{self.id}"


_INSERT = insert(Scores).returning(Scores.id)
_OF_GAME = (Scores.channel_id == bindparam("channel_id"), Scores.game == bindparam("game"))
_ROWS = select(
    *Scores.__table__.columns,
    Users.name.label("player_name"),
    Users.avatar.label("player_avatar"),
).outerjoin_from(Scores, Users)
_LATEST = pages(_ROWS.where(*_OF_GAME), Scores.id, newest_first=True)
_PLACE = select(Scores.points, Scores.id).where(*_OF_GAME, Scores.id == bindparam("score_id"))
_ranked = select(
    Scores.id,
    func.row_number()
    .over(partition_by=Scores.player_id, order_by=(Scores.points.desc(), Scores.id))
    .label("rank"),
)
_of_players = _ranked.where(*_OF_GAME, Scores.player_id.is_not(None)).subquery()
_behind = or_(
    Scores.points < bindparam("points"),
    and_(Scores.points == bindparam("points"), Scores.id > bindparam("score_id")),
)
BEST_SCORES = (
    _ROWS.join(_of_players, _of_players.c.id == Scores.id)
    .where(_of_players.c.rank == 1, HAS_ACCOUNT, _behind)
    .order_by(Scores.points.desc(), Scores.id)
    .limit(bindparam("limit"))
)
_after = (Scores.channel_id == bindparam("channel_id"), Scores.game > bindparam("after"))
_first_game = select(func.min(Scores.game).label("name"), literal(1).label("place")).where(*_after)
_games = _first_game.cte("games", recursive=True)
_next_game = (
    select(func.min(Scores.game))
    .where(Scores.channel_id == bindparam("channel_id"), Scores.game > _games.c.name)
    .scalar_subquery()
)
_games = _games.union_all(
    select(_next_game, _games.c.place + 1).where(
        _games.c.name.is_not(None), _games.c.place < bindparam("limit", type_=Integer)
    )
)
GAMES = select(_games.c.name).where(_games.c.name.is_not(None)).order_by(_games.c.place)
"""Each name is looked up behind the one before it: it costs the same however many scores it has."""

HAS_SCORES = select(literal(1)).where(Scores.channel_id == Channels.id).correlate(Channels).exists()
"""Of `Channels`: whether anybody has played there."""

_FIND = finder(
    CHANNELS_OF_READER.with_only_columns(*columns_of(Scores, Score), *CHANNEL_COLUMNS)
    .join(Scores, Scores.channel_id == Channels.id)
    .where(Scores.id == bindparam("score_id"), READABLE_CHANNEL),
    locks=[Channels, Scores, Memberships],
)
_DELETE = delete(Scores).where(Scores.id == bindparam("of_score"))


async def set_score(
    db: Transaction, channel: Channel, game: str, points: int, *, by: Caller
) -> ScoreView:
    """A new score. Raises Forbidden when the caller is muted, or the group archived."""
    require_active(channel)
    created_at = now()
    score_id = await db.scalar_one(
        _INSERT,
        channel_id=channel.id,
        player_id=by.id,
        game=game,
        points=points,
        created_at=created_at,
    )
    view: ScoreView = {
        "id": score_id,
        "channel_id": channel.id,
        "game": game,
        "points": points,
        "player": by.person,
        "created_at": created_at,
    }
    record(db, channel.topic, "score.set", view, by=by.id, about=f"score:{score_id}")
    return view


async def list_latest(
    db: Transaction, channel: Channel, game: str, page: Page
) -> tuple[list[ScoreView], int | None]:
    """All scores of a game: newest first, or oldest first after a given one."""
    values = {"channel_id": channel.id, "game": game, **page.values}
    rows, following = page.cut(await db.all(_LATEST.of(page), **values))
    return [_view(row) for row in rows], following


async def list_best(
    db: Transaction, channel: Channel, game: str, page: Page
) -> tuple[list[ScoreView], int | None]:
    """The best score of each player: highest first, and of equal ones the earlier first.

    Players whose account is deleted are left out: nobody can tell them apart. Raises Invalid for
    `after`, and for a `before` that is no score of this game.
    """
    if page.after is not None:
        raise Invalid({"after": "The best are listed downwards only: give before."})
    values = {"channel_id": channel.id, "game": game, "limit": page.limit + 1}
    points, score_id = MAX_POINTS, 0
    if page.before is not None:
        place = await db.first(_PLACE, **values, score_id=page.before)
        if place is None:
            raise Invalid({"before": "There is no such score of this game."})
        points, score_id = place.points, place.id
    found = await db.all(BEST_SCORES, **values, points=points, score_id=score_id)
    rows, following = page.cut(found)
    return [_view(row) for row in rows], following


async def list_games(
    db: Transaction, channel: Channel, limit: int, *, after: str = ""
) -> tuple[list[GameView], str | None]:
    """The games in which a channel has scores, by their names; `after` is one to go on from."""
    values = {"channel_id": channel.id, "after": after, "limit": limit + 1}
    names = [row.name for row in await db.all(GAMES, **values)]
    following = names[limit - 1] if len(names) > limit else None
    return [{"name": name} for name in names[:limit]], following


async def write_table(db: Transaction, channel: Channel, game: str) -> str:
    """The best score of each player as CSV: of 5,000 players at most. Equal scores rank equally."""
    best, _ = await list_best(db, channel, game, Page(_MAX_TABLE_ROWS))
    ranks: dict[int, int] = {}
    for number, score in enumerate(best, 1):
        ranks.setdefault(score["points"], number)
    rows = [
        (ranks[score["points"]], score["player"]["name"], score["points"], score["created_at"])
        for score in best
        if score["player"]
    ]
    return write_csv(("rank", "player", "points", "set_at"), rows)


async def find_score(db: Transaction, score_id: int, *, reader: Caller) -> Score:
    """The score, if its reader may read the channel. Raises NotFound."""
    row = await db.find(_FIND, score_id=score_id, user_id=reader.id)
    if row is None:
        raise NotFound("score")
    return load(Score, row)


async def delete_score(db: Transaction, score: Score, *, by: Caller) -> None:
    """Delete a score. Raises Forbidden when the caller is neither its player nor a moderator."""
    if score.player_id != by.id and not score.channel.role.moderates:
        raise Forbidden("score_not_yours", "Only its player or a moderator may delete a score.")
    await db.run(_DELETE, of_score=score.id)
    about, topic = score.about, score.channel.topic
    record(db, topic, "score.deleted", {"id": score.id}, by=by.id, about=about, scrubs=[about])
    if score.player_id != by.id:
        await record_channel_act(
            db, score.channel, "score.deleted", by=by, person_id=score.player_id, subject=about
        )


def _view(row: AnyRow) -> ScoreView:
    return {
        "id": row.id,
        "channel_id": row.channel_id,
        "game": row.game,
        "points": row.points,
        "player": author(row.player_id, row.player_name, row.player_avatar),
        "created_at": row.created_at,
    }
