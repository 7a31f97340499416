"""The order of what is found, and its pages; on both databases the same."""

from tests.api.browser import problem
from tests.api.test_search import post_in_private_channel, search, texts
from tests.support.cast import Cast

IN_ORDER = [
    "Chess, chess! And chess once more.",
    "Chess, chess!",
    "A board for chess, and a clock for chess",
    "chess now",
    "chess " + "is what some of us will play when all of our other work is over " * 2,
    "chess " + "is what all of us will play when some of our other work is over " * 3,
]


async def test_the_best_come_first_whatever_else_is_written(people: Cast) -> None:
    for text in (*IN_ORDER[::2], *IN_ORDER[1::2]):
        await people.ann.post(people.posts, {"text": text})
        await people.ann.post(people.posts, {"text": "a board, a clock, and what else"})
    assert await texts(people.bob, "chess") == IN_ORDER
    assert await texts(people.bob, "che") == IN_ORDER
    assert (await texts(people.bob, "clock"))[-1] == IN_ORDER[2]


async def test_of_equal_ones_the_newest_comes_first(people: Cast) -> None:
    ids = [(await people.ann.post(people.posts, {"text": "tea"}))["id"] for _ in range(3)]
    found = (await search(people.bob, '"tea"'))["results"]
    assert [result["post"]["id"] for result in found] == ids[::-1]


async def test_pages_lose_and_repeat_nothing_while_others_write(people: Cast) -> None:
    for n in range(30):
        text = f"{'red ' * (n % 3 + 1)} {'book ' * (n % 4 + 1)} {'and so on ' * (n % 5)}"
        await people.ann.post(people.posts, {"text": text})
    there = [
        result["post"]["id"]
        for result in (await search(people.bob, "red book", limit=100))["results"]
    ]
    page = await search(people.bob, "red book", limit=5)
    walked = page["results"]
    while page["next"]:
        for text in ("nothing", "a red one", "red book, red book " * 3):
            await people.mia.post(people.posts, {"text": text})
        page = await search(people.bob, "red book", limit=5, before=page["next"])
        walked += page["results"]
    seen = [result["post"]["id"] for result in walked]
    assert len(set(seen)) == len(seen)
    assert [post_id for post_id in seen if post_id in there] == there


async def test_pages_have_no_hole_and_no_repeat(people: Cast) -> None:
    for n in range(23):
        await people.ann.post(people.posts, {"text": f"{'tea ' * (n % 4 + 1)} {'cup ' * (n % 5)}"})
    everything = await search(people.bob, "tea", limit=100)
    assert (len(everything["results"]), everything["next"]) == (23, None)
    for limit in (1, 5, 22, 23):
        page, walked = await search(people.bob, "tea", limit=limit), []
        while page["next"]:
            assert len(page["results"]) == limit
            assert page["next"] == page["results"][-1]["post"]["id"]
            walked += page["results"]
            page = await search(people.bob, "tea", limit=limit, before=page["next"])
        assert walked + page["results"] == everything["results"]


async def test_a_page_begins_only_behind_what_is_found(people: Cast) -> None:
    ids = [(await people.ann.post(people.posts, {"text": "tea"}))["id"] for _ in range(3)]
    secret = await post_in_private_channel(people, "tea")
    first = await search(people.bob, "tea", limit=1)
    await people.ann.delete(f"/api/posts/{first['next']}")
    for before in (first["next"], secret, 999_999):
        answer = await people.bob.ask("GET", f"/api/search?q=tea&before={before}")
        assert problem(answer, 400, "invalid")["fields"].keys() == {"before"}
    assert await texts(people.bob, "tea", before=ids[0]) == []
