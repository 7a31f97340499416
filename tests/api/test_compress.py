"""Text is compressed for whoever takes it; nothing else is, and nothing that tells secrets."""

import gzip
import json

import pytest

from tests.support.cast import Cast
from tests.support.people import Visitor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

LONG = "The quick brown fox jumps over the lazy dog. " * 40
TAKEN = {"Accept_Encoding": "br, gzip;q=0.8"}


async def test_a_list_is_compressed_for_who_takes_it_and_nobody_else(people: Cast) -> None:
    await people.ann.post(people.posts, {"text": LONG})
    plain = await people.bob.ask("GET", people.posts)
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
    refused = await people.bob.ask("GET", people.posts, Accept_Encoding="gzip;q=0, br")
    assert "Content-Encoding" not in refused.headers
    small = await people.bob.ask("GET", people.posts, **TAKEN)
    assert small.headers["Content-Encoding"] == "gzip"
    assert int(small.headers["Content-Length"]) == len(small.body) < len(LONG) / 2
    assert json.loads(gzip.decompress(small.body)) == plain.body
    assert "Origin" in small.headers["Vary"]


async def test_what_is_small_or_made_or_found_is_not_compressed(people: Cast) -> None:
    await people.ann.post(people.posts, {"text": f"@bob {LONG}"})
    for method, path, body in (
        ("GET", "/api/me", None),
        ("GET", "/api/search?q=lazy", None),
        ("GET", "/api/me/mentions", None),
        ("POST", people.posts, {"text": LONG}),
        ("POST", "/api/sessions", {"username": "bob", "password": "correct horse battery"}),
    ):
        answer = await people.bob.ask(method, path, body, **TAKEN)
        assert answer.status in {200, 201}, path
        assert "Content-Encoding" not in answer.headers, path


async def test_what_different_people_write_for_different_readers_is_not_compressed(
    people: Cast,
) -> None:
    for who in (people.ann, people.mia, people.bob, people.eve, people.root):
        await who.patch("/api/me", {"name": "n" * 80, "email": f"{'e' * 60}@example.org"})
    for name in ("secret", "stranger's"):
        await people.root.post("/api/groups", {"name": name, "description": "d" * 500})
    for path in ("/api/groups", "/api/users", "/"):
        answer = await people.root.ask("GET", path, **TAKEN)
        assert int(answer.headers["Content-Length"]) > 1024, path
        assert "Content-Encoding" not in answer.headers, path


async def test_a_file_is_delivered_as_it_is(people: Cast) -> None:
    file = await people.bob.upload(LONG.encode(), "fox.txt")
    answer = await people.bob.ask("GET", f"/api/files/{file['id']}", **TAKEN)
    assert (answer.body, "Content-Encoding" in answer.headers) == (LONG.encode(), False)


async def test_the_length_of_the_same_answer_differs(people: Cast) -> None:
    await people.ann.post(people.posts, {"text": LONG})
    answers = [await people.bob.ask("GET", people.posts, **TAKEN) for _ in range(10)]
    assert len({len(answer.body) for answer in answers}) > 1


async def test_the_version_of_a_compressed_document_still_matches(people: Cast) -> None:
    path = f"/api/channels/{people.channel['id']}/documents/notes"
    await people.ann.put(path, {"text": LONG}, status=201)
    small = await people.bob.ask("GET", path, **TAKEN)
    tag = small.headers["ETag"]
    assert (small.headers["Content-Encoding"], tag[:2]) == ("gzip", "W/")
    known = await people.bob.ask("GET", path, If_None_Match=tag, **TAKEN)
    assert (known.status, known.body) == (304, b"")
    assert known.headers["Vary"] == small.headers["Vary"], "as RFC 9110 (15.4.5) has it"


async def test_modules_are_compressed_with_a_tag_of_their_own(visitor: Visitor) -> None:
    plain = await visitor.ask("GET", "/static/live.js")
    small = await visitor.ask("GET", "/static/live.js", **TAKEN)
    assert gzip.decompress(small.body) == plain.body
    assert small.headers["ETag"] != plain.headers["ETag"]
    for asked, tag in (({}, plain.headers["ETag"]), (TAKEN, small.headers["ETag"])):
        known = await visitor.ask("GET", "/static/live.js", If_None_Match=tag, **asked)
        assert (known.status, known.body) == (304, b"")
        assert known.headers["Vary"] == "Accept-Encoding"
    half = await visitor.ask("GET", "/static/live.js", Range="bytes=0-9", **TAKEN)
    assert (half.status, half.body) == (206, small.body[:10])
    picture = await visitor.ask("GET", "/static/board.png", **TAKEN)
    assert "Content-Encoding" not in picture.headers
