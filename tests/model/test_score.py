"""Each player's best: of random scores what one finds by hand, on pages of any size."""

import random
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from model.channel import Channel
from model.database.page import Page
from model.database.unit_of_work import Database, Transaction
from model.log.event import write_events
from model.score import (
    BEST_SCORES,
    GAMES,
    MAX_POINTS,
    ScoreView,
    list_best,
    list_games,
    set_score,
)
from model.session import find_caller, open_session
from model.user import Caller, create_user
from tests.support.people import private_channel

POINTS = (-MAX_POINTS - 1, -1, 0, 1, 2, MAX_POINTS)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, before_commit=write_events)
    yield database
    await database.close()


async def stage(db: Transaction) -> tuple[Channel, list[Caller]]:
    ann, bob, channel = await private_channel(db)
    players = [ann, bob]
    for number in range(5):
        user = await create_user(db, f"player{number}", f"Player {number}", "-")
        player = await find_caller(db, (await open_session(db, user, "tests")).token)
        assert player
        players.append(player)
    return channel, players


async def walk(db: Transaction, channel: Channel, limit: int) -> list[ScoreView]:
    found, following = await list_best(db, channel, "snake", Page(limit))
    while following is not None:
        assert following == found[-1]["id"]
        page = Page(limit, before=following)
        more, following = await list_best(db, channel, "snake", page)
        assert 0 < len(more) <= limit
        found += more
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_the_best_are_those_that_one_finds_by_hand(database: Database, seed: int) -> None:
    random.seed(seed)
    async with database.write() as db:
        channel, players = await stage(db)
        scores = [
            await set_score(
                db,
                channel,
                random.choice(("snake", "chess")),
                random.choice(POINTS[: seed + 2]),
                by=random.choice(players),
            )
            for _ in range(60)
        ]
    best: dict[int, ScoreView] = {}
    for score in sorted(scores, key=lambda score: (-score["points"], score["id"])):
        if score["game"] == "snake" and score["player"]:
            best.setdefault(score["player"]["id"], score)
    assert len(best) > 5
    async with database.read() as db:
        for limit in (1, 2, 3, 100):
            assert await walk(db, channel, limit) == list(best.values())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_index_serves_the_best_of_a_game(database: Database) -> None:
    explained = text(f"EXPLAIN QUERY PLAN {BEST_SCORES}")
    values = {"channel_id": 1, "game": "snake", "points": 0, "score_id": 0, "limit": 20}
    async with database.read() as db:
        rows = await db.all(explained, **(BEST_SCORES.compile().params | values))
    plan = [row.detail for row in rows]
    assert [step for step in plan if "ix_scores_channel_id_game_player_id_points_id" in step]
    assert not [step for step in plan if step.startswith("SCAN scores")], plan


async def test_games_are_paged_by_their_names(database: Database) -> None:
    names = ["2048", "Chess", "chess", "snake", "Über", "🙂"]
    async with database.write() as db:
        channel, (ann, *_) = await stage(db)
        for name in random.sample(names * 3, 18):
            await set_score(db, channel, name, 1, by=ann)
    async with database.read() as db:
        games, following = await list_games(db, channel, 2)
        while following is not None:
            assert following == games[-1]["name"]
            more, following = await list_games(db, channel, 2, after=following)
            games += more
        assert sorted(game["name"] for game in games) == sorted(names)
        assert await list_games(db, channel, 6) == (games, None), "no next page is promised"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_score_is_looked_at_to_find_the_games_of_a_channel(database: Database) -> None:
    explained = text(f"EXPLAIN QUERY PLAN {GAMES}")
    async with database.read() as db:
        values = GAMES.compile().params | {"channel_id": 1, "after": "", "limit": 20}
        plan = [row.detail for row in await db.all(explained, **values)]
    searches = [step for step in plan if " scores" in step]
    assert len(searches) == 2
    for step in searches:
        assert step.startswith("SEARCH scores USING COVERING INDEX"), plan
        assert "(channel_id=? AND game>?)" in step, plan
