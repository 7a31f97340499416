"""Search: what is found, by whom, in which order; on both databases the same."""

from threading import get_ident
from typing import Any
from urllib.parse import urlencode

import pytest

from api.context import Services
from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.people import Visitor

# What is written, what finds it, and what does not
# ruff: noqa: RUF001 - letters that look like others
CASES = (
    ("Where is the red book?", ["red", "book red", "RED Book", "the"], ["read", "red blue", "ed"]),
    ("Homework until Friday", ["fri", "homework f", "h"], ["home friday", "friday homeworks"]),
    ("good morning, all", ['"good morning"', '"Good, morning"', "all good"], ['"morning good"']),
    ("prefixes", ["prefix", "prefi", "p"], ['"prefix"', '"prefi" p x', '"p"']),
    ("Der Ärger in Zürich", ["ärger", "Arger", "ÄRGER", "zuri", "A\u0308rger"], ["aerger", "rger"]),
    ("cafe\u0301 olé", ["café", "CAFE", "ole"], ["caf olé x"]),
    ("Die Straße, groß", ["straße", "STRASSE", "strasse", "GROSS", "gros"], ['"stra"']),
    ("İstanbul, DIŞARI", ["istanbul", "İSTANBUL", "disari", "dısarı"], ["dsari"]),
    ("Smørrebrød på Øresund", ["smørrebrød", "SMØR", "pa", "oresund", "smorre"], ["öst"]),
    ("Łódź, Đorđe i Þórðr, œuvre", ["lodz", "łodz", "dorde", "thordr", "oeuvre"], ["odz"]),
    ("learn C++, then C++17", ["c++", '"C++"', "c", "Ｃ＋＋ then"], ['"c"', "c then", "c#"]),
    ("learn C# or F#; issue#12", ["c#", "f# or", "12", "issue"], ["c++", '"c"', "c or"]),
    ("ὁ Ἀθηναῖος ΟΔΟΣ", ["αθηναιος", "οδος", "οδόσ"], ["o"]),
    ("Чёрный чай", ["черный", "ЧАЙ", "чаи", "ч"], ["чорный"]),
    ("an e-mail, re-read", ["e-mail", "e mail", "re-r", '"e mail"'], ["email"]),
    ("ask ann.b@example.org!", ["ann.b@example.org", "example.org", "ann.b@ex", "org"], ["b.ann"]),
    (
        "see https://example.org/a_b?c=d#e",
        ["https://example.org", "example.org/a_b", '"c d e"', "?c=d"],
        ['"http"', "https://example.com", "b_a"],
    ),
    ("room 301, at 14:30 or 1.5 or 007", ["301", "30", "14:30", "1.5", "007"], ["01", "5.1", "7"]),
    ("in 3d, 1e5 or 83e31c, 0x1F", ["3d", "1e5", "1e", "83e31c", "83e31", "0X1f"], ["31c", "e5"]),
    ("don't say it’s Ann's", ["don't", "don’t", "it's", "ann's"], ["dont"]),
    ("well done🎉super🤩 👩‍👩‍👧", ["done", "super", "well 🎉 done", "🎉super"], ["donesuper"]),
    ("m² and Ⅳ, ﬁne ｗｉｄｅ ①", ["m2", "iv", "fine", "wide", "1", "m²"], ["m3"]),
    ("今天天气很好, 東京タワー", ["天气", "今天天气", "東京", "タワー", "很"], ["气天", "天好"]),
    ("สวัสดีครับ नमस्ते 안녕하세요", ["สวัสดี", "ครับ", "नमस्ते", "안녕"], ["ดีสวัส", "하세요"]),
    ("cats AND dogs OR fish NOT birds", ["AND", "NOT", "cats AND fish", "NOT birds"], ["XOR"]),
    ("near the sea (a:b)", ["NEAR(the sea)", "a:b", "near*", "^near", "-the", "+sea"], ["NEAR/2"]),
    ("tea & cake | ale <-> rum !", ["tea & cake", "ale <-> rum", "!tea", "rum:*"], ["tea|x"]),
    ("say 'hi' \\ now % _ ; --", ["'hi'", "\\ now", "hi%", "'now", "say ''", "now;--"], ["'nix'"]),
    ("quoted", ['"quoted', 'quo"', "“quoted”", "„quoted“", "«quoted»", '""quoted'], ["”quo”"]),
    ("words words2 : text", ["words: text", "{words} : text", "words2"], ["text : quoted"]),
)  # fmt: skip


async def search(who: Visitor, q: str, **filters: object) -> dict[str, Any]:
    answer = await who.client.get(
        "/api/search", query_string={"q": q, **filters}, headers=who.headers
    )
    assert answer.status_code == 200, await answer.get_data(as_text=True)
    found: dict[str, Any] = await answer.get_json()
    return found


async def texts(who: Visitor, q: str, **filters: object) -> list[str]:
    return [result["post"]["text"] for result in (await search(who, q, **filters))["results"]]


async def test_what_is_found_by_what(people: Cast) -> None:
    for text, _, _ in CASES:
        await people.ann.post(people.posts, {"text": text})
    wrong = [
        (q, text)
        for text, found_by, not_found_by in CASES
        for q in (*found_by, *not_found_by)
        if (text in await texts(people.bob, q)) is not (q in found_by)
    ]
    assert wrong == []


async def test_a_word_is_found_behind_hundreds_of_its_letters_in_a_long_post(people: Cast) -> None:
    """PostgreSQL keeps 255 places of a letter, and a Chinese word is a phrase of letters."""
    text = f"{'我的书。' * 900}有目的。去 Köln am Rhein"
    await people.ann.post(people.posts, {"text": text})
    for q in ("目的", '"有目的"', "去 köln rh", '"köln am rhein"', "书我", "目 köln"):
        assert await texts(people.bob, q) == [text], q
    for q in ("的目", '"am köln"', '"köln rhein"', '"我 我"', "köln的"):
        assert await texts(people.bob, q) == [], q


WRONG = [
    "",
    " ",
    "...",
    "🎉",
    '"',
    '""',
    "&|!",
    "x" * 201,
    "\0",
    "a b c d e f g h i j k l m n o p q",
    '"' + "a " * 41 + '"',
    "天" * 41,
]


@pytest.mark.parametrize("q", WRONG)
async def test_a_question_has_200_characters_16_phrases_and_40_words_at_most(
    people: Cast, q: str
) -> None:
    answer = await people.bob.ask("GET", f"/api/search?{urlencode({'q': q})}")
    assert problem(answer, 400, "invalid")["fields"].keys() == {"q"}


async def test_all_that_is_wrong_is_named_at_once(people: Cast) -> None:
    answer = await people.bob.ask("GET", "/api/search?q=&limit=0&before=x&group_id=0&after=1")
    fields = problem(answer, 400, "invalid")["fields"]
    assert fields.keys() == {"q", "limit", "before", "group_id", "after"}


async def test_a_result_is_the_post_as_it_is_read_with_its_group(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "Who has a compass?"})
    reply = await people.bob.post(people.posts, {"text": "my compass!", "parent_id": post["id"]})
    await people.mia.put(f"/api/posts/{reply['id']}/reactions/👍")
    found = await search(people.mia, "compass")
    assert found["next"] is None
    views = {result["post"]["id"]: result["post"] for result in found["results"]}
    assert views == {i: await people.mia.get(f"/api/posts/{i}") for i in (post["id"], reply["id"])}
    assert {result["group_id"] for result in found["results"]} == {people.group["id"]}
    snippets = {result["post"]["id"]: result["snippet"] for result in found["results"]}
    assert snippets[reply["id"]] == [
        {"text": "my ", "is_match": False},
        {"text": "compass", "is_match": True},
        {"text": "!", "is_match": False},
    ]


async def test_group_channel_and_author_narrow_what_is_found(people: Cast) -> None:
    path = f"/api/groups/{people.group['id']}/channels"
    other = await people.ann.post(path, {"name": "other"})
    own = await people.bob.post("/api/groups", {"name": "own"})
    mine = await people.bob.post(f"/api/groups/{own['id']}/channels", {"name": "mine"})
    for who, channel, text in (
        (people.ann, people.channel, "tea a"),
        (people.mia, people.channel, "tea m"),
        (people.ann, other, "tea o"),
        (people.bob, mine, "tea b"),
    ):
        await who.post(f"/api/channels/{channel['id']}/posts", {"text": text})
    group, ann = people.group["id"], people.ann.id
    for filters, found in (
        ({}, {"tea a", "tea m", "tea o", "tea b"}),
        ({"group_id": group}, {"tea a", "tea m", "tea o"}),
        ({"group_id": own["id"]}, {"tea b"}),
        ({"channel_id": other["id"]}, {"tea o"}),
        ({"channel_id": other["id"], "group_id": own["id"]}, set()),
        ({"author_id": ann}, {"tea a", "tea o"}),
        ({"author_id": ann, "channel_id": people.channel["id"]}, {"tea a"}),
        ({"author_id": people.eve.id}, set()),
        ({"group_id": 999_999}, set()),
    ):
        assert set(await texts(people.bob, "tea", **filters)) == found, filters
    assert await texts(people.bob, "a", author_id=people.mia.id) == []


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("root", set()),  # an administrator of the server reads no groups
        ("eve", set()),
        ("bob", {"open"}),
        ("mia", {"open", "private"}),
        ("ann", {"open", "private"}),  # a member of the private channel
        ("owner", {"open"}),  # of the group, who has not joined the private channel
    ],
)
async def test_what_one_may_not_read_is_not_found_counted_or_hinted_at(
    people: Cast, who: str, found: set[str]
) -> None:
    await people.ann.post(people.posts, {"text": "tea open"})
    secret_id = await post_in_private_channel(people, "tea private")
    secret = await people.mia.get(f"/api/posts/{secret_id}")
    person = people.named("bob" if who == "owner" else who)
    if who == "owner":
        role = f"/api/groups/{people.group['id']}/members/{people.bob.id}"
        await people.ann.put(role, {"role": "owner"})
    for filters in (
        {},
        {"limit": 1},
        {"group_id": people.group["id"]},
        {"author_id": people.mia.id},
        {"channel_id": secret["channel_id"]},
    ):
        page = await search(person, "tea", **filters)
        seen = [result["post"]["text"] for result in page["results"]]
        while page["next"]:
            page = await search(person, "tea", **filters, before=page["next"])
            seen += [result["post"]["text"] for result in page["results"]]
        only_secret = {"author_id", "channel_id"} & filters.keys()
        expected = found & {"private"} if only_secret else found
        assert sorted(seen) == sorted(f"tea {kind}" for kind in expected), filters
    hint = await search(person, "tea", limit=max(1, len(found)))
    assert hint["next"] is None


async def test_nobody_searches(visitor: Visitor) -> None:
    problem(await visitor.ask("GET", "/api/search?q=tea"), 401, "not_signed_in")


async def test_a_right_that_goes_takes_what_is_found_along(people: Cast) -> None:
    await people.ann.post(people.posts, {"text": "tea"})
    assert await texts(people.bob, "tea") == ["tea"]
    await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
    assert await texts(people.bob, "tea") == []


async def test_edits_and_deletions_are_seen_at_once(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "tea"})
    reply = await people.bob.post(people.posts, {"text": "milk", "parent_id": post["id"]})
    await people.ann.patch(f"/api/posts/{post['id']}", {"text": "coffee"})
    assert await texts(people.bob, "tea") == []
    assert await texts(people.bob, "coffee") == ["coffee"]
    await people.mia.patch(f"/api/posts/{reply['id']}", {"text": "sugar"}, 403)
    assert await texts(people.bob, "milk") == ["milk"], "what was refused changes nothing"
    assert await texts(people.bob, "sugar") == []
    await people.ann.delete(f"/api/posts/{post['id']}")
    assert await texts(people.bob, "coffee") == []
    assert await texts(people.bob, "milk") == [], "a reply goes with its post"


async def post_in_private_channel(people: Cast, text: str) -> int:
    path = f"/api/groups/{people.group['id']}/channels"
    secret = await people.mia.post(path, {"name": "secret", "kind": "private"})
    await people.mia.put(f"/api/channels/{secret['id']}/members/{people.ann.id}", status=204)
    post = await people.mia.post(f"/api/channels/{secret['id']}/posts", {"text": text})
    return int(post["id"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_words_of_a_long_post_are_noted_beside_the_event_loop(
    people: Cast, services: Services
) -> None:
    """Of a short one they are noted sooner than they get there."""
    here, seen = get_ident(), dict[str, bool]()

    def note(sql: str) -> None:
        seen.setdefault(sql.partition(" posts ")[0], get_ident() == here)

    async with services.database.write() as db:
        opened: Any = (await db.connection.sqlalchemy.get_raw_connection()).driver_connection
        opened._conn.set_trace_callback(note)
    for text, is_here in (("short", True), ("long" * 1000, False)):
        seen.clear()
        post = await people.ann.post(people.posts, {"text": text})
        assert seen["INSERT INTO"] == is_here
        seen.clear()
        await people.ann.patch(f"/api/posts/{post['id']}", {"text": f"{text}er"})
        assert seen["UPDATE"] == is_here
