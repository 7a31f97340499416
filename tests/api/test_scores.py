"""Scores: who plays, what counts as a score, the best and the latest."""

import csv
from typing import Any
from urllib.parse import quote

from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Person, Visitor

EXAMPLES = (
    Example(
        "POST /api/channels/{channel_id}/scores", {"game": "snake", "points": 7},
        ({"game": "snake", "points": 8},), makes="score_id", listed="?game=snake&order=latest",
    ),
    Example("DELETE /api/scores/{score_id}"),
)  # fmt: skip


def scores(people: Cast) -> str:
    return f"/api/channels/{people.channel['id']}/scores"


def games(path: str) -> str:
    return path.replace("/scores", "/games")


async def play(who: Person, people: Cast, points: int, game: str = "snake") -> Any:
    return await who.post(scores(people), {"game": game, "points": points})


async def made(people: Cast, kind: str) -> str:
    """A channel of mia's with bob; the path of its scores."""
    path = f"/api/groups/{people.group['id']}/channels"
    channel = await people.mia.post(path, {"name": kind, "kind": kind})
    if kind == "private":
        await people.mia.put(f"/api/channels/{channel['id']}/members/{people.bob.id}", status=204)
    return f"/api/channels/{channel['id']}/scores"


@rows("""
         set  list  games  table  set-announce  list-announce  set-private  table-private
nobody   401  401   401    401    401           401            401          401
root     404  404   404    404    404           404            404          404
eve      404  404   404    404    404           404            404          404
ann      201  200   200    200    201           200            404          404
mia      201  200   200    200    201           200            201          200
bob      201  200   200    200    201           200            201          200
""")
async def test_whoever_reads_a_channel_plays_in_it(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    """ann owns the group, but does not belong to the private channel."""
    actor = visitor if who == "nobody" else people.named(who)
    announce, private = await made(people, "announce"), await made(people, "private")
    score = {"game": "snake", "points": 7}
    actions = {
        "set": ("POST", scores(people), score),
        "list": ("GET", f"{scores(people)}?game=snake", None),
        "games": ("GET", games(scores(people)), None),
        "table": ("GET", f"{scores(people)}.csv?game=snake", None),
        "set-announce": ("POST", announce, score),
        "list-announce": ("GET", f"{announce}?game=snake", None),
        "set-private": ("POST", private, score),
        "table-private": ("GET", f"{private}.csv?game=snake", None),
    }
    assert await tried(actor, actions, may) == may


@rows("""
         bobs-in-private  anns  bobs
nobody   401              401   401
root     404              404   404
eve      404              404   404
ann      404              204   204
mia      204              204   204
bob      204              403   204
""")
async def test_its_player_and_moderators_delete_a_score(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    score = {"game": "snake", "points": 7}
    own = await people.bob.post(await made(people, "private"), score)
    anns, bobs = await play(people.ann, people, 8), await play(people.bob, people, 7)
    actions = {
        "bobs-in-private": ("DELETE", f"/api/scores/{own['id']}", None),
        "anns": ("DELETE", f"/api/scores/{anns['id']}", None),
        "bobs": ("DELETE", f"/api/scores/{bobs['id']}", None),
    }
    assert await tried(actor, actions, may) == may


async def test_a_deleted_score_is_gone_from_lists_and_from_the_log(people: Cast, url: str) -> None:
    kept = await play(people.ann, people, 1)
    listed = await people.ann.get(f"{scores(people)}?game=snake")
    cheat = await play(people.bob, people, 2**63 - 1)
    async with LiveClient(url, people.ann.token) as live:
        await people.mia.delete(f"/api/scores/{cheat['id']}")
        await live.hello(listed["live"])
        (topic, seq), = listed["live"]["topics"].items()  # fmt: skip
        deleted = await live.event(topic, seq + 2)
        was = await live.event(topic, seq + 1)
    assert (deleted["kind"], deleted["data"]) == ("score.deleted", {"id": cheat["id"]})
    assert was["data"] == {"id": cheat["id"], "gone": True}
    for order in ("best", "latest"):
        page = await people.ann.get(f"{scores(people)}?game=snake&order={order}")
        assert page["scores"] == [kept]
    await people.mia.delete(f"/api/scores/{cheat['id']}", 404)


async def test_a_score_is_seen_in_its_game_of_its_channel_only(people: Cast) -> None:
    elsewhere = await made(people, "open")
    score = await play(people.bob, people, 7)
    assert score == {
        "id": score["id"],
        "channel_id": people.channel["id"],
        "game": "snake",
        "points": 7,
        "player": {"id": people.bob.id, "name": "Bob", "avatar": None},
        "created_at": score["created_at"],
    }
    for order in ("best", "latest"):
        for path, wanted in (
            (f"{scores(people)}?game=snake", [score]),
            (f"{scores(people)}?game=%20snake%20", [score]),
            (f"{scores(people)}?game=Snake", []),
            (f"{elsewhere}?game=snake", []),
        ):
            assert (await people.ann.get(f"{path}&order={order}"))["scores"] == wanted, path


async def test_the_best_shows_each_player_once_and_the_latest_every_score(people: Cast) -> None:
    first = await play(people.bob, people, 9)
    ann = await play(people.ann, people, 8)
    later = await play(people.bob, people, 3)
    mia = await play(people.mia, people, 9)
    again = await play(people.bob, people, 9)
    best = await people.bob.get(f"{scores(people)}?game=snake")
    assert best["scores"] == [first, mia, ann], "of equal ones the earlier is first"
    latest = await people.bob.get(f"{scores(people)}?game=snake&order=latest")
    assert latest["scores"] == [again, mia, later, ann, first]
    record = await play(people.ann, people, 10)
    best = await people.bob.get(f"{scores(people)}?game=snake&order=best")
    assert best["scores"] == [record, first, mia]


async def test_a_channel_says_which_games_have_scores(people: Cast) -> None:
    channels = f"/api/groups/{people.group['id']}/channels"
    elsewhere, private = await made(people, "open"), await made(people, "private")
    await people.mia.post(private, {"game": "secret", "points": 1})
    chess = await play(people.bob, people, 1, "chess")
    for points in range(3):
        await play(people.ann, people, points)
    listed = await people.ann.get(f"{games(scores(people))}?limit=1")
    assert (listed["games"], listed["next"]) == ([{"name": "chess"}], "chess")
    listed = await people.ann.get(f"{games(scores(people))}?limit=1&after=chess")
    assert (listed["games"], listed["next"]) == ([{"name": "snake"}], None)
    assert (await people.ann.get(games(elsewhere)))["games"] == []
    for who, has_scores in ((people.ann, [True, False, False]), (people.mia, [True, False, True])):
        found = (await who.get(channels))["channels"]
        assert [channel["has_scores"] for channel in found] == has_scores, "ann may not read it"
    await people.ann.get(games(private), 404)
    await people.bob.delete(f"/api/scores/{chess['id']}")
    listed = await people.ann.get(games(scores(people)))
    assert listed["games"] == [{"name": "snake"}]
    for query, field in (("limit=0", "limit"), ("after=", "after"), ("before=a", "before")):
        answer = await people.bob.ask("GET", f"{games(scores(people))}?{query}")
        assert problem(answer, 400, "invalid")["fields"].keys() == {field}, query


async def test_a_table_of_the_best_is_for_spreadsheets_and_runs_nothing_there(
    people: Cast,
) -> None:
    await people.bob.patch("/api/me", {"name": '=HYPERLINK("http://evil")'})
    first = await play(people.bob, people, 9)
    mia, ann = await play(people.mia, people, 9), await play(people.ann, people, -1)
    await play(people.bob, people, 3)
    answer = await people.ann.ask("GET", f"{scores(people)}.csv?game=snake")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "filename*=UTF-8''general%2C%20snake.csv" in answer.headers["Content-Disposition"]
    table = list(csv.reader(answer.body.decode("utf-8-sig").splitlines()))
    assert table == [
        ["rank", "player", "points", "set_at"],
        ["1", '\'=HYPERLINK("http://evil")', "9", first["created_at"]],
        ["1", "Mia", "9", mia["created_at"]],
        ["3", "Ann", "-1", ann["created_at"]],
    ]


async def test_who_improves_between_two_pages_comes_twice_to_nobody(people: Cast) -> None:
    for who, points in ((people.ann, 3), (people.mia, 2), (people.bob, 1)):
        await play(who, people, points)
    path = f"{scores(people)}?game=snake&limit=1"
    page = await people.bob.get(path)
    await play(people.ann, people, 4)
    page = await people.bob.get(f"{path}&before={page['next']}")
    assert [score["player"]["id"] for score in page["scores"]] == [people.mia.id]
    page = await people.bob.get(f"{path}&before={page['next']}")
    assert [score["player"]["id"] for score in page["scores"]] == [people.bob.id]
    assert page["next"] is None


async def test_all_that_is_wrong_with_a_score_is_named_and_nothing_is_kept(people: Cast) -> None:
    before = await people.bob.get(f"{scores(people)}?game=snake&order=latest")
    no_points: list[object] = [
        "7", 7.0, 7.5, 1e300, True, None, [], 2**63, -(2**63) - 1, 10**400
    ]  # fmt: skip
    no_games: list[object] = [
        "",
        "  ",
        "\u200b",
        "\u2800",
        "a\nb",
        "a\x0bb",
        "x" * 81,
        None,
        ["snake"],
    ]
    wrong: list[tuple[dict[str, object], set[str]]] = [
        ({}, {"game", "points"}),
        ({"game": "snake"}, {"points"}),
        ({"points": 1}, {"game"}),
        ({"game": "snake", "points": 1, "player": 1}, {"player"}),
        ({"game": 7, "points": "x", "by": 1}, {"game", "points", "by"}),
        *(({"game": "snake", "points": points}, {"points"}) for points in no_points),
        *(({"game": game, "points": 7}, {"game"}) for game in no_games),
    ]
    for body, fields in wrong:
        answer = await people.bob.ask("POST", scores(people), body)
        assert problem(answer, 400, "invalid")["fields"].keys() == fields, body
    assert before["scores"] == []
    assert await people.bob.get(f"{scores(people)}?game=snake&order=latest") == before


async def test_points_are_integers_of_64_bits_and_games_names_of_80_characters(
    people: Cast,
) -> None:
    for points in (-(2**63), -1, 0, 2**63 - 1):
        score = await play(people.bob, people, points, "🙂" * 80)
        assert score["points"] == points
        listed = await people.ann.get(f"{scores(people)}?game={quote('🙂' * 80)}")
        assert listed["scores"] == [score]


async def test_a_list_is_asked_for_by_its_game_and_from_a_score_of_it(people: Cast) -> None:
    other = await play(people.bob, people, 7, "chess")
    path = await made(people, "open")
    elsewhere = await people.bob.post(path, {"game": "snake", "points": 7})
    for query, field in (
        ("", "game"), ("game=", "game"), ("game=%00", "game"), (f"game={'x' * 81}", "game"),
        ("game=a&game=b", "game"), ("game=snake&order=worst", "order"),
        ("game=snake&player=1", "player"), ("game=snake&limit=101", "limit"),
        ("game=snake&after=1", "after"), ("game=snake&before=999999", "before"),
        (f"game=snake&before={other['id']}", "before"),
        (f"game=snake&before={elsewhere['id']}", "before"),
        ("game=snake&order=latest&before=1&after=1", "after"),
    ):  # fmt: skip
        answer = await people.bob.ask("GET", f"{scores(people)}?{query}")
        assert problem(answer, 400, "invalid")["fields"].keys() == {field}, query


async def test_who_has_deleted_the_account_is_among_the_latest_but_not_the_best(
    people: Cast,
) -> None:
    theirs = [await play(who, people, 9) for who in (people.bob, people.mia)]
    own = await play(people.ann, people, 1)
    for who in (people.bob, people.mia):
        await who.delete("/api/me")
    path = f"{scores(people)}?game=snake"
    assert (await people.ann.get(path))["scores"] == [own]
    latest = (await people.ann.get(f"{path}&order=latest"))["scores"]
    assert latest == [own, *({**score, "player": None} for score in reversed(theirs))]
    behind = await people.ann.get(f"{path}&before={theirs[0]['id']}")
    assert behind["scores"] == [own], "who was on the last page then still says where it ended"


async def test_a_score_is_live_as_http_shows_it(people: Cast, url: str) -> None:
    listed = await people.ann.get(f"{scores(people)}?game=snake")
    async with LiveClient(url, people.ann.token) as live:
        await live.hello(listed["live"])
        made = await people.bob.ask("POST", scores(people), {"game": "snake", "points": 7})
        (topic, seq), = listed["live"]["topics"].items()  # fmt: skip
        event = await live.event(topic, seq + 1)
    assert (event["kind"], event["by"]) == ("score.set", people.bob.id)
    assert event["tx"] == made.headers["X-Request-Id"]
    now = await people.ann.get(f"{scores(people)}?game=snake")
    assert [event["data"]] == [made.body] == now["scores"]
    assert now["live"]["topics"] == {topic: seq + 1}
