"""Versions of documents: who says which one she has seen overwrites no other."""

import asyncio
from typing import Any

import pytest

from tests.api.browser import problem
from tests.api.test_documents import KIB_64, MINE, documents
from tests.support.cast import Cast
from tests.support.people import Answer


async def tag_of(people: Cast, path: str) -> str:
    return str((await people.bob.ask("GET", path)).headers["ETag"])


async def test_each_version_has_a_tag_that_no_other_ever_has(people: Cast) -> None:
    path, tags = f"{documents(people)}/x", []
    for method, body, status in (
        ("PUT", 1, 201), ("PUT", 1, 200), ("PATCH", {"a": 1}, 200), ("DELETE", None, 204),
        ("PUT", 1, 201), ("PUT", 1, 200),
    ):  # fmt: skip
        answer = await people.bob.ask(method, path, body)
        assert answer.status == status
        if status != 204:
            tags.append(answer.headers["ETag"])
            assert tags[-1] == f'"{answer.body["id"]}-{answer.body["version"]}"'
            assert await tag_of(people, path) == tags[-1]
    assert len(set(tags)) == len(tags) == 5


async def test_who_has_a_version_is_told_so(people: Cast) -> None:
    path = f"{documents(people)}/x"
    await people.bob.put(path, 1, 201)
    tag = await tag_of(people, path)
    for has in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await people.mia.ask("GET", path, If_None_Match=has)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", tag)
        assert answer.headers["Cache-Control"] == "private, no-cache", "it is kept on"
    shown = await people.mia.ask("GET", path, If_None_Match='"other"')
    assert (shown.status, shown.body["body"]) == (200, 1)
    assert shown.headers["Cache-Control"] == "private, no-cache", "the right is judged each time"
    await people.eve.get(path, status=404, If_None_Match="*")
    await people.bob.get(f"{path}y", status=404, If_None_Match="*")


@pytest.mark.parametrize("place", ["channel", "own"])
async def test_a_precondition_that_fails_changes_nothing_and_shows_what_is(
    people: Cast, place: str
) -> None:
    path = f"{documents(people) if place == 'channel' else MINE}/x"
    current = await people.bob.put(path, {"n": 1}, 201)
    tag = await tag_of(people, path)
    for header, value in (
        ("If_Match", '"other"'), ("If_Match", tag.replace("-1", "-2")),
        ("If_None_Match", "*"), ("If_None_Match", tag), ("If_None_Match", f'"a", W/{tag}'),
    ):  # fmt: skip
        for method in ("PUT", "PATCH", "DELETE"):
            body = None if method == "DELETE" else {"n": 2}
            answer = await people.bob.ask(method, path, body, **{header: value})
            assert failed(answer)["current"] == current, (method, header, value)
            assert answer.headers["ETag"] == tag
    assert await people.bob.get(path) == current


async def test_what_is_not_there_matches_nothing(people: Cast) -> None:
    path = f"{documents(people)}/x"
    for value in ("*", '"1-1"'):
        for method in ("PUT", "PATCH", "DELETE"):
            body = None if method == "DELETE" else {"n": 2}
            answer = await people.bob.ask(method, path, body, If_Match=value)
            assert failed(answer)["current"] is None
            assert "ETag" not in answer.headers
    for method in ("PATCH", "DELETE"):
        body = None if method == "DELETE" else {"n": 2}
        for none_match in ({}, {"If_None_Match": "*"}):
            answer = await people.bob.ask(method, path, body, **none_match)
            problem(answer, 404, "not_found")
    await people.bob.get(path, status=404)


async def test_a_precondition_that_holds_lets_it_through(people: Cast) -> None:
    path = f"{documents(people)}/x"
    await people.bob.put(path, 1, 201, If_None_Match="*")
    for value in (await tag_of(people, path), "*"):
        await people.bob.put(path, 2, If_Match=value)
    await people.bob.put(path, 3, If_Match=f'"other", {await tag_of(people, path)}')
    await people.bob.patch(path, {"n": 4}, If_Match=await tag_of(people, path))
    await people.bob.put(path, 5, If_None_Match='"other"')
    await people.bob.delete(path, If_Match=await tag_of(people, path))


async def test_behind_a_proxy_that_compresses_a_document_can_still_be_changed(
    people: Cast,
) -> None:
    """As nginx, Apache, Caddy and others change its tag on the way."""
    path = f"{documents(people)}/x"
    await people.bob.put(path, 0, 201)
    for changed in (
        'W/"{}"', '"{}-gzip"', '"{}-br"', '"{}-zstd"', '"{};gzip"', '"{}--gzip"', 'W/"{}-gzip"',
    ):  # fmt: skip
        seen = changed.format((await tag_of(people, path)).strip('"'))
        known = await people.bob.ask("GET", path, If_None_Match=seen)
        assert known.status == 304, changed
        await people.bob.patch(path, {"changed": changed}, If_Match=seen)
        answer = await people.bob.ask("PATCH", path, {"changed": "twice"}, If_Match=seen)
        assert failed(answer)["current"]["body"] == {"changed": changed}, "that was seen before"


async def test_a_header_that_cannot_be_read_is_not_taken_for_none(people: Cast) -> None:
    path = f"{documents(people)}/x"
    await people.bob.put(path, 1, 201)
    for header in ("If-Match", "If-None-Match"):
        for value in ("", "1-1", '"1-1', "'1-1'", '*, "1-1"', '"a" "b"', '"ä"', 'w/"1-1"'):
            for method in ("PUT", "PATCH", "DELETE"):
                body = None if method == "DELETE" else {"n": 2}
                answer = await people.bob.ask(method, path, body, **{header: value})
                assert problem(answer, 400, "invalid")["fields"].keys() == {header}, value
    assert (await people.bob.get(path))["version"] == 1


async def test_a_right_is_judged_before_a_precondition(people: Cast) -> None:
    theirs = f"{documents(people)}/members/{people.mia.id}/x"
    await people.mia.put(theirs, 1, 201)
    problem(await people.bob.ask("PUT", theirs, 2, If_Match='"x"'), 403, "document_not_yours")
    problem(await people.eve.ask("PUT", theirs, 2, If_Match='"x"'), 404, "not_found")


@pytest.mark.parametrize("place", ["channel", "own"])
async def test_two_that_make_the_same_document_at_once_make_one(people: Cast, place: str) -> None:
    path = f"{documents(people) if place == 'channel' else MINE}/x"
    writers = [people.bob, people.mia] * 3 if place == "channel" else [people.bob] * 6
    answers = await asyncio.gather(*(who.ask("PUT", path, n) for n, who in enumerate(writers)))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [201]
    assert sorted(answer.body["version"] for answer in answers) == [1, 2, 3, 4, 5, 6]
    last = max(answers, key=lambda answer: int(answer.body["version"]))
    assert await people.bob.get(path) == last.body
    created = await asyncio.gather(
        *(who.ask("PUT", f"{path}y", 1, If_None_Match="*") for who in writers)
    )
    assert sorted(answer.status for answer in created) == [201] + [412] * 5


async def test_of_those_who_have_seen_the_same_version_one_wins(people: Cast) -> None:
    path = f"{documents(people)}/counter"
    await people.bob.put(path, 0, 201)

    async def add_one() -> Answer:
        while True:
            seen = await people.bob.ask("GET", path)
            one_more = seen.body["body"] + 1
            saved = await people.bob.ask("PUT", path, one_more, If_Match=seen.headers["ETag"])
            if saved.status == 200:
                return saved
            assert failed(saved)["current"]["version"] > seen.body["version"]

    tag = await tag_of(people, path)
    both = await asyncio.gather(
        *(who.ask("PUT", path, 0, If_Match=tag) for who in (people.bob, people.mia))
    )
    assert sorted(answer.status for answer in both) == [200, 412]
    await asyncio.gather(*(add_one() for _ in range(6)))
    assert (await people.bob.get(path))["body"] == 6


async def test_patches_of_different_parts_are_all_kept(people: Cast) -> None:
    path = f"{documents(people)}/scores"
    await people.bob.put(path, {"kept": {"deep": [1]}, "old": 1}, 201)
    await asyncio.gather(
        *(people.bob.patch(path, {"by": {str(n): n}, "old": None}) for n in range(6)),
    )
    merge_patch = "application/merge-patch+json"
    after = await people.bob.patch(path, {"kept": {"more": 2}}, Content_Type=merge_patch)
    assert after == {
        **after,
        "version": 8,
        "body": {"kept": {"deep": [1], "more": 2}, "by": {str(n): n for n in range(6)}},
    }
    for no_merge_patch in ("application/json-patch+json", "text/json"):
        answer = await people.bob.ask("PATCH", path, {}, Content_Type=no_merge_patch)
        problem(answer, 415, "unsupported_media_type")


async def test_a_document_has_at_most_64_kib_as_sent_and_as_kept(people: Cast) -> None:
    path = f"{documents(people)}/large"
    text = b'"' + b"x" * (KIB_64 - 2) + b'"'
    assert (await people.bob.ask("PUT", path, text)).status == 201
    numbers = b"[" + b",".join([b"1e5"] * 9000) + b"]"
    for sent in (text + b" ", b" " + text, b'"' + text, numbers, b"x" * KIB_64 + b"x"):
        answer = await people.bob.ask("PUT", path, sent)
        problem(answer, 413, "content_too_large")
    full = b'{"a":"' + b"x" * (KIB_64 - 8) + b'"}'
    assert (await people.bob.put(path, full))["version"] == 2
    for patch, status in (({"b": 1}, 413), ({"a": None}, 200), ({"a": "y" * 65_000}, 200)):
        answer = await people.bob.ask("PATCH", path, patch)
        assert answer.status == status
    shown = (await people.mia.get(path))["body"]
    assert shown == {"a": "y" * 65_000}


def failed(answer: Answer) -> dict[str, Any]:
    assert answer.status == 412, answer
    assert answer.body["code"] == "precondition_failed"
    assert answer.headers["Content-Type"] == "application/problem+json"
    return dict(answer.body)
