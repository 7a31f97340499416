"""Search: what is found, in which order, and by whom. The same on both databases."""

from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from api.context import Services
from tests.api.browser import problem
from tests.api.tables import Statuses, rows
from tests.conftest import Cast
from tests.people import Person, Visitor

TEXTS = {
    "umlaut": "Müller isst Äpfel",
    "plain": "die Muller-Birne ist reif",
    "mail": "Schreib an a.b@example.org, e-mail genügt",
    "link": "https://example.org/path?q=1#top",
    "digits": "Raum 3d, Seite 12, 1e5 Leute, v1.2",
    "quoted": "don't stop",
    "signs": "AND OR NOT NEAR(x) a*b \"c:d\" 'e' f&g|h!i <-> \\",
    "many": "reif reif reif",
    "chinese": "你好 世界",
    "russian": "Привет, Мир",
    "nordic": "Ærø Ångström straße",
    "emoji": "🎉 party 🎉",
    "under": "snake_case",
}


async def found(who: Person, query: str, **filters: int) -> list[str]:
    more = "".join(f"&{name}={value}" for name, value in filters.items())
    answer = await who.get(f"/api/search?q={quote(query)}{more}")
    return [result["post"]["text"] for result in answer["results"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("muller", {"umlaut", "plain"}),
        ("MÜLLER", {"umlaut", "plain"}),
        ("mull", {"umlaut", "plain"}),
        ("mull ist", set()),
        ("ist muller", {"plain"}),
        ("ist mull", {"plain"}),
        ("isst", {"umlaut"}),
        ("äpf", {"umlaut"}),
        ("a\u0308pfel", {"umlaut"}),
        ('"die muller birne"', {"plain"}),
        ('"muller die"', set()),
        ('"mull"', set()),
        ('"mull', set()),
        ("mull ", set()),
        ("muller-birne", {"plain"}),
        ("birne-muller", set()),
        ("e-mail", {"mail"}),
        ("a.b@example.org", {"mail"}),
        ("example.org", {"mail", "link"}),
        ("example org", {"mail", "link"}),
        ("https://example.org/path", {"link"}),
        ("3d", {"digits"}),
        ("12", {"digits"}),
        ("1e5", {"digits"}),
        ("v1.2", {"digits"}),
        ("don't", {"quoted"}),
        ("don", {"quoted"}),
        ("AND", {"signs"}),
        ("NEAR(x)", {"signs"}),
        ("NOT or", {"signs"}),
        ('c:d" OR', {"signs"}),
        ("f&g|h!i", {"signs"}),
        ("g & f", {"signs"}),
        ("x OR zzz", set()),
        ("muller | zzz", set()),
        ("你好", {"chinese"}),
        ("你", {"chinese"}),
        ("привет мир", {"russian"}),
        ("angstrom", {"nordic"}),
        ("straße", {"nordic"}),
        ("ærø", {"nordic"}),
        ("party", {"emoji"}),
        ("case", {"under"}),
        ("snake_case", {"under"}),
        ("zzz", set()),
    ],
)
async def test_what_is_found(people: Cast, query: str, names: set[str]) -> None:
    for each in TEXTS.values():
        await people.bob.post(people.posts, {"text": each})
    assert set(await found(people.ann, query)) == {TEXTS[name] for name in names}


@pytest.mark.parametrize("query", ["", " ", '"', '""', "*", "-", "🎉", "'", "&|!", "_"])
async def test_a_query_without_a_word_is_refused(people: Cast, query: str) -> None:
    answer = await people.bob.ask("GET", f"/api/search?q={quote(query)}")
    assert problem(answer, 400, "invalid")["fields"].keys() == {"q"}


async def test_a_query_is_short_text_that_can_be_seen(people: Cast) -> None:
    for wrong in ("x" * 201, "a%00b", "a%1fb"):
        answer = await people.bob.ask("GET", f"/api/search?q={wrong}")
        assert problem(answer, 400, "invalid")["fields"].keys() == {"q"}
    answer = await people.bob.ask("GET", "/api/search?limit=0&author_id=x&other=1")
    fields = problem(answer, 400, "invalid")["fields"]
    assert fields.keys() == {"q", "limit", "author_id", "other"}
    await people.bob.get(f"/api/search?q={'x%20' * 66}")


async def test_whoever_says_it_more_often_comes_first_and_then_the_newer(people: Cast) -> None:
    once = [f"reif {n}" for n in "abc"]
    for each in (once[0], "reif reif", once[1], once[2]):
        await people.bob.post(people.posts, {"text": each})
    assert await found(people.ann, "reif") == ["reif reif", *reversed(once)]


async def test_results_are_paged_without_holes_or_repeats(people: Cast) -> None:
    for n in range(25):
        await people.bob.post(people.posts, {"text": "reif " * (1 + n % 3) + str(n)})
    whole = (await people.ann.get("/api/search?q=reif&limit=100"))["results"]
    assert len(whole) == 25
    paged, before = [], ""
    while True:
        page = await people.ann.get(f"/api/search?q=reif&limit=7{before}")
        paged += page["results"]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert paged == whole
    gone = await people.ann.get("/api/search?q=reif&limit=7&before=999999")
    assert gone == {"results": [], "next": None}


async def test_replies_are_found_and_the_filters_hold(people: Cast) -> None:
    path = f"/api/groups/{people.group['id']}/channels"
    other = await people.ann.post(path, {"name": "other"})
    post = await people.bob.post(people.posts, {"text": "tea one"})
    await people.mia.post(people.posts, {"text": "tea two", "parent_id": post["id"]})
    await people.mia.post(f"/api/channels/{other['id']}/posts", {"text": "tea three"})
    group_id, channel_id = people.group["id"], people.channel["id"]
    assert len(await found(people.bob, "tea")) == 3
    assert set(await found(people.bob, "tea", channel_id=channel_id)) == {"tea one", "tea two"}
    assert set(await found(people.bob, "tea", author_id=people.mia.id)) == {"tea two", "tea three"}
    both = await found(people.bob, "tea", author_id=people.mia.id, channel_id=other["id"])
    assert both == ["tea three"]
    assert len(await found(people.bob, "tea", group_id=group_id)) == 3
    assert await found(people.bob, "tea", group_id=999_999) == []
    (reply,) = (await people.bob.get("/api/search?q=two"))["results"]
    assert reply["post"]["parent"] == {"id": post["id"], "reply_count": 1}
    assert reply["group_id"] == group_id


async def test_what_was_edited_or_deleted_is_not_found_any_more(
    people: Cast, services: Services
) -> None:
    post = await people.bob.post(people.posts, {"text": "old words"})
    reply = await people.bob.post(people.posts, {"text": "old reply", "parent_id": post["id"]})
    await people.bob.patch(f"/api/posts/{post['id']}", {"text": "new words"})
    assert await found(people.ann, "old") == ["old reply"]
    assert await found(people.ann, "new") == ["new words"]
    await people.ann.ask("PATCH", f"/api/posts/{reply['id']}", {"text": "not hers"})
    assert await found(people.ann, "reply") == ["old reply"]
    await people.bob.delete(f"/api/posts/{post['id']}")
    assert await found(people.ann, "new") == await found(people.ann, "reply") == []
    await people.bob.post(people.posts, {"text": "last words"})
    await people.ann.delete(f"/api/channels/{people.channel['id']}")
    assert await found(people.ann, "words") == []
    if services.database.is_sqlite:
        check = "INSERT INTO post_words(post_words, rank) VALUES ('integrity-check', 1)"
        async with services.database.write() as db:
            await db.run(text(check))


@rows("""
         open  announce  private
nobody   401   401       401
root     0     0         0
eve      0     0         0
bob      1     1         0
ann      1     1         0
mia      1     1         1
""")
async def test_who_finds_what(people: Cast, visitor: Visitor, who: str, may: Statuses) -> None:
    """How many results; of a private channel that mia made alone."""
    path = f"/api/groups/{people.group['id']}/channels"
    counts: dict[str, int] = {}
    actor = visitor if who == "nobody" else people.named(who)
    for kind in ("open", "announce", "private"):
        channel = await people.mia.post(path, {"name": kind, "kind": kind})
        await people.mia.post(f"/api/channels/{channel['id']}/posts", {"text": f"tea {kind}"})
        for asked in (f"tea {kind}", f"tea&channel_id={channel['id']}"):
            answer = await actor.ask("GET", f"/api/search?q={asked.replace(' ', '%20')}")
            counts[kind] = answer.status
            if answer.status == 200:
                assert answer.body["next"] is None
                counts[kind] = len(answer.body["results"])
            assert counts[kind] == may[kind], asked
    assert counts == may


async def test_who_loses_the_right_finds_nothing_from_then_on(people: Cast) -> None:
    await people.bob.post(people.posts, {"text": "tea"})
    assert await found(people.bob, "tea") == ["tea"]
    await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
    assert await found(people.bob, "tea") == []
    channel = f"/api/channels/{people.channel['id']}"
    await people.ann.patch(channel, {"kind": "private"})
    assert await found(people.mia, "tea") == []
    assert await found(people.ann, "tea") == ["tea"]


async def test_a_result_shows_where_it_matches(people: Cast) -> None:
    words = " ".join(f"word{n}" for n in range(100))
    await people.bob.post(people.posts, {"text": f"{words} Müller {words}"})
    (result,) = (await people.ann.get("/api/search?q=mull"))["results"]
    parts: list[Any] = result["snippet"]
    assert [part["text"] for part in parts if part["is_match"]] == ["Müller"]
    shown = "".join(part["text"] for part in parts)
    assert shown.startswith("…word9")
    assert shown.endswith("…")
    assert len(shown) < 170
