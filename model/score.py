"""Scores of the games that a channel plays: who may read it plays, for announcements too."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, and_, bindparam, delete, func, insert, or_, select
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.channel import MINE, READABLE, Channel, Channels
from model.database.page import Page, pages
from model.database.table import MAX_ID, Base, now
from model.database.unit_of_work import Transaction, finder
from model.errors import Forbidden, Invalid, NotFound
from model.group import Memberships
from model.log.event import record
from model.user import Caller, PersonView, Users, author

MAX_POINTS = MAX_ID  # of 64 bits


class Scores(Base):
    __tablename__ = "scores"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    player_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    game: Mapped[str]
    points: Mapped[int]
    created_at: Mapped[datetime]
    __table_args__ = (
        Index(None, "channel_id", "game", "id"),
        Index(None, "channel_id", "game", "player_id", "points", "id"),
        {"sqlite_autoincrement": True},
    )


class ScoreView(TypedDict):
    id: int
    channel_id: int
    game: str
    points: int
    player: PersonView | None
    created_at: datetime


@dataclass(frozen=True)
class Score:
    id: int
    player_id: int | None
    channel: Channel

    @property
    def about(self) -> str:
        return f"score:{self.id}"


INSERT = insert(Scores).returning(Scores.id)
OF_GAME = (Scores.channel_id == bindparam("channel_id"), Scores.game == bindparam("game"))
SELECT = select(*Scores.__table__.c, Users.name, Users.avatar).outerjoin_from(Scores, Users)
LATEST = pages(SELECT.where(*OF_GAME), Scores.id, newest_first=True)
PLACE = select(Scores.points, Scores.id).where(*OF_GAME, Scores.id == bindparam("score_id"))
_ranked = select(
    Scores.id,
    func.row_number()
    .over(partition_by=Scores.player_id, order_by=(Scores.points.desc(), Scores.id))
    .label("rank"),
)
_of_players = _ranked.where(*OF_GAME, Scores.player_id.is_not(None)).subquery()
_behind = or_(
    Scores.points < bindparam("points"),
    and_(Scores.points == bindparam("points"), Scores.id > bindparam("score_id")),
)
BEST = (
    SELECT.join(_of_players, _of_players.c.id == Scores.id)
    .where(_of_players.c.rank == 1, _behind)
    .order_by(Scores.points.desc(), Scores.id)
    .limit(bindparam("limit"))
)
FIND = finder(
    MINE.with_only_columns(Scores.id, Scores.player_id, *MINE.selected_columns)
    .join(Scores, Scores.channel_id == Channels.id)
    .where(Scores.id == bindparam("score_id"), READABLE),
    locks=[Channels, Scores, Memberships],
)
DELETE = delete(Scores).where(Scores.id == bindparam("of_score"))


async def set_score(
    db: Transaction, channel: Channel, game: str, points: int, *, by: Caller
) -> ScoreView:
    created_at = now()
    score_id = await db.scalar(
        INSERT,
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
    """Newest first, or oldest first after a given one."""
    values = {"channel_id": channel.id, "game": game, **page.values}
    rows, following = page.cut(await db.all(LATEST.of(page), **values))
    return [_view(row) for row in rows], following


async def list_best(
    db: Transaction, channel: Channel, game: str, page: Page
) -> tuple[list[ScoreView], int | None]:
    """Of each player the best, highest first, of equal ones the earlier first.

    Whoever deleted the account has none: nobody can tell those players apart.
    """
    if page.after is not None:
        raise Invalid({"after": "The best are listed downwards only: give before."})
    values = {"channel_id": channel.id, "game": game, "limit": page.limit + 1}
    points, score_id = MAX_POINTS, 0
    if page.before is not None:
        place = await db.first(PLACE, **values, score_id=page.before)
        if place is None:
            raise Invalid({"before": "There is no such score of this game."})
        points, score_id = place
    found = await db.all(BEST, **values, points=points, score_id=score_id)
    rows, following = page.cut(found)
    return [_view(row) for row in rows], following


async def find_score(db: Transaction, score_id: int, *, reader: Caller) -> Score:
    row = await db.find(FIND, score_id=score_id, user_id=reader.id)
    if row is None:
        raise NotFound("score")
    found_id, player_id, *of_channel = row
    return Score(found_id, player_id, Channel(*of_channel))


async def delete_score(db: Transaction, score: Score, *, by: Caller) -> None:
    if score.player_id != by.id and not score.channel.role.moderates:
        raise Forbidden("score_not_yours", "Only its player or a moderator may delete a score.")
    await db.run(DELETE, of_score=score.id)
    about, topic = score.about, score.channel.topic
    record(db, topic, "score.deleted", {"id": score.id}, by=by.id, about=about, scrubs=[about])


def _view(row: Any) -> ScoreView:
    return {
        "id": row.id,
        "channel_id": row.channel_id,
        "game": row.game,
        "points": row.points,
        "player": author(row.player_id, row.name, row.avatar),
        "created_at": row.created_at,
    }
