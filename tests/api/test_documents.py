"""Documents: any JSON under a key, of a channel or one's own; who may do what with which."""

import json

import pytest

from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Visitor

MINE = "/api/me/documents"
KIB_64 = 64 * 1024

KEYS = {"key": ("a/key", "b", "c")}
PATH = "/api/channels/{channel_id}/documents"
EXAMPLES = (
    Example(
        f"PUT {PATH}/{{key}}", {"x": 1}, ([], {"x": {"y": 2}}),
        makes="document_id", listed=PATH, oldest_first=True, values=KEYS, often=2,
    ),
    Example(f"PATCH {PATH}/{{key}}", {"z": 3}, values=KEYS),
    Example(f"DELETE {PATH}/{{key}}", values=KEYS),
    Example(f"PUT {MINE}/{{key}}", {"x": 1}, values=KEYS, often=0),
    Example(f"PATCH {MINE}/{{key}}", {"z": 3}, values=KEYS, often=0),
    Example(f"DELETE {MINE}/{{key}}", values=KEYS, often=0),
)  # fmt: skip


def documents(people: Cast) -> str:
    return f"/api/channels/{people.channel['id']}/documents"


async def test_what_one_saves_all_members_read(people: Cast) -> None:
    path = f"{documents(people)}/chess/board-1.json"
    saved = await people.bob.put(path, {"white": ["e4"], "black": []}, 201)
    assert saved == {
        "id": saved["id"],
        "channel_id": people.channel["id"],
        "key": "chess/board-1.json",
        "version": 1,
        "saved_by": people.bob.id,
        "saved_at": saved["saved_at"],
        "body": {"white": ["e4"], "black": []},
    }
    assert await people.mia.get(path) == saved
    again = await people.mia.put(path, [], 200)
    assert (again["id"], again["version"], again["body"]) == (saved["id"], 2, [])
    assert (again["saved_by"], again["saved_at"] > saved["saved_at"]) == (people.mia.id, True)
    assert (await people.ann.get(documents(people)))["documents"] == [again]
    await people.ann.delete(path)
    await people.bob.get(path, status=404)
    anew = await people.bob.put(path, 1, 201)
    assert anew["id"] > saved["id"], "an id is never given out twice"


async def test_ones_own_documents_are_ones_own(people: Cast) -> None:
    mine = await people.bob.put(f"{MINE}/settings", {"dark": True}, 201)
    assert (mine["channel_id"], mine["saved_by"]) == (None, people.bob.id)
    assert (await people.bob.get(MINE))["documents"] == [mine]
    for other in (people.ann, people.root, people.eve):
        await other.get(f"{MINE}/settings", status=404)
        assert (await other.get(MINE))["documents"] == []
        await other.delete(f"{MINE}/settings", status=404)
    await people.bob.put(f"{MINE}/members/1/x", "no rule of channels holds here", 201)
    await people.bob.get(f"{documents(people)}/settings", status=404)


ACTIONS = "list show save patch save-own save-others delete-own delete-others delete"


def actions_of(people: Cast, who: str, channel: str) -> dict[str, tuple[str, str, object]]:
    own = f"{channel}/members/{people.named(who).id if who != 'nobody' else 1}/score"
    others = f"{channel}/members/{people.bob.id if who != 'bob' else people.mia.id}/score"
    return {
        "list": ("GET", channel, None),
        "show": ("GET", f"{channel}/shared", None),
        "save": ("PUT", f"{channel}/shared", {"a": 1}),
        "patch": ("PATCH", f"{channel}/shared", {"b": 2}),
        "save-own": ("PUT", own, 1),
        "save-others": ("PUT", others, 1),
        "delete-own": ("DELETE", own, None),
        "delete-others": ("DELETE", others, None),
        "delete": ("DELETE", f"{channel}/shared", None),
    }


async def with_documents(people: Cast, kind: str) -> str:
    """A channel of mia's in which a document is shared, and mia and bob have one of their own."""
    group = f"/api/groups/{people.group['id']}/channels"
    made = await people.mia.post(group, {"name": "docs"})
    path = f"/api/channels/{made['id']}"
    await people.mia.put(f"{path}/documents/shared", {}, 201)
    for who in (people.mia, people.bob):
        await who.put(f"{path}/documents/members/{who.id}/score", 1, 201)
    if kind != "open":
        await people.mia.patch(path, {"kind": kind})
    return f"{path}/documents"


@rows(f"""
         {ACTIONS}
nobody   401  401  401  401   401   401         401        401           401
root     404  404  404  404   404   404         404        404           404
eve      404  404  404  404   404   404         404        404           404
bob      200  200  200  200   200   403         204        403           204
mia      200  200  200  200   200   403         204        204           204
ann      200  200  200  200   201   403         204        204           204
""")
async def test_who_may_do_what_in_an_open_channel(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    channel = await with_documents(people, "open")
    assert await tried(actor, actions_of(people, who, channel), may) == may


@rows(f"""
         {ACTIONS}
eve      404  404  404  404   404   404         404        404           404
bob      200  200  403  403   403   403         204        403           403
mia      200  200  200  200   200   403         204        204           204
ann      200  200  200  200   201   403         204        204           204
""")
async def test_who_may_do_what_in_an_announcement_channel(
    people: Cast, who: str, may: Statuses
) -> None:
    channel = await with_documents(people, "announce")
    assert await tried(people.named(who), actions_of(people, who, channel), may) == may


@rows(f"""
         {ACTIONS}
eve      404  404  404  404   404   404         404        404           404
bob      404  404  404  404   404   404         404        404           404
ann      404  404  404  404   404   404         404        404           404
mia      200  200  200  200   200   403         204        204           204
""")
async def test_a_private_channels_documents_are_not_found_by_others(
    people: Cast, who: str, may: Statuses
) -> None:
    channel = await with_documents(people, "private")
    assert await tried(people.named(who), actions_of(people, who, channel), may) == may


async def test_under_members_only_members_with_that_id_write(people: Cast) -> None:
    for whose in (f"0{people.bob.id}", "bob", f"{people.bob.id}0", f"-{people.bob.id}"):
        answer = await people.bob.ask("PUT", f"{documents(people)}/members/{whose}/x", 1)
        problem(answer, 403, "document_not_yours")
    answer = await people.bob.ask("PUT", f"{documents(people)}/members/{people.bob.id}", 1)
    problem(answer, 403, "document_not_yours")
    for allowed in ("members", f"membership/{people.mia.id}", f"x/members/{people.mia.id}/x"):
        await people.bob.put(f"{documents(people)}/{allowed}", 1, 201)


async def test_a_key_is_made_of_parts_that_a_path_can_have(people: Cast) -> None:
    for key in ("a", "A-Z_0.9", "a/b/c", "...", ".a/a.", "x" * 200, "a%2Fb%2Fd", "%61%2E"):
        await people.bob.put(f"{documents(people)}/{key}", key, 201)
    assert (await people.bob.get(f"{documents(people)}/a/b/d"))["body"] == "a%2Fb%2Fd"
    for key in (
        "x" * 201, "x" * 300, "%2e", "%2e%2e", "a/%2e%2e/b", "a/%2E", "a//b", "a/", "%2Fa", "a%2F",
        "a%00", "%00", "a%0A", "a%20b", "ä", "a:b", "a%25", "a+b", "%FF", "a\\b", "*",
    ):  # fmt: skip
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = 1 if method in {"PUT", "PATCH"} else None
            answer = await people.bob.ask(method, f"{documents(people)}/{key}", body)
            assert problem(answer, 400, "invalid")["fields"].keys() == {"key"}, key


SENT = [
    "null", "0", "-0.5", "true", '""', '"text"', "[]", "{}", " [1 , 2]\n", '{"a":{"b":[null]}}',
    '"\\u0000\\u001f\\u2028"', '"🙂 \\ud83d\\ude42"', '{"":{" ":0}}', "1" + "0" * 400,
    "9223372036854775808", "-18446744073709551617", "1e-400", "[" * 100 + "]" * 100,
    '{"a":' * 99 + "[]" + "}" * 99,
]  # fmt: skip


async def test_a_body_is_any_json(people: Cast) -> None:
    path = f"{documents(people)}/any"
    for sent in SENT:
        put = await people.bob.ask("PUT", path, sent.encode())
        assert put.status in {200, 201}, sent
        shown = (await people.mia.get(path))["body"]
        assert (shown, type(shown)) == (json.loads(sent), type(json.loads(sent))), sent
    events = await people.bob.get(f"/api/topics/channel:{people.channel['id']}/events")
    assert events["events"][-1]["data"]["body"] == json.loads(SENT[-1])


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_what_is_no_json_is_refused(people: Cast, method: str) -> None:
    path = f"{documents(people)}/kept"
    before = await people.bob.put(path, {"a": 1}, 201)
    for sent in (
        b"", b" ", b"{", b"nul", b"NaN", b"-Infinity", b"1e999", b"1" + b"0" * 5000, b"[1,]",
        b'"\\ud800"', b'{"\\udc00":1}', b'"\xed\xa0\x80"', b'"\xff"', b'"a\x00"', b'"\n"', b"1 2",
        b"\xef\xbb\xbf1", b"01", b"[" * 101 + b"]" * 101, b"[" * 30_000 + b"]" * 30_000,
        b'{"a":' * 100 + b"[]" + b"}" * 100, b"[" * 60_000,
    ):  # fmt: skip
        answer = await people.bob.ask(method, path, sent)
        assert problem(answer, 400, "invalid")["fields"].keys() == {"body"}, sent[:40]
    for content_type in ("text/plain", "multipart/form-data; boundary=x", "application/xml", ""):
        answer = await people.bob.ask(method, path, b"1", Content_Type=content_type)
        problem(answer, 415, "unsupported_media_type")
    assert await people.bob.get(path) == before
