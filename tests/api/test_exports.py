"""Exports: who may have which, what is in them, and what is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from api import export_jobs
from api.context import Services
from model.collector import collect
from model.database.table import now
from model.export import EXPORT_LASTS, MAX_EXPORTS_A_DAY, Exports, forget_expired_exports
from model.exporting import make
from model.storage.blob import Blobs
from tests.api.browser import problem
from tests.api.tables import Action, Statuses, rows, tried
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.exporting import Opened, exported, until_made
from tests.support.people import Visitor
from tests.support.pictures import png
from tests.support.stores import ON_EVERY_STORE, kept

EXAMPLES = (
    Example("POST /api/groups/{group_id}/exports", by=("ann",), few=True, often=0),
    Example("POST /api/me/exports", makes="export_id", listed="/api/me/exports", few=True, often=0),
)

MINE = "/api/me/exports"
EVIL = '=HYPERLINK("http://evil")'


def of_group(people: Cast) -> str:
    return f"/api/groups/{people.group['id']}/exports"


async def make_now(services: Services) -> None:
    await export_jobs.make_exports_alone(
        services.database, services.store, services.settings, services.incoming
    )


async def private_channel(people: Cast) -> Any:
    """A channel of mia's that ann, who owns the group, does not belong to."""
    path = f"/api/groups/{people.group['id']}/channels"
    return await people.mia.post(path, {"name": "Hidden surprise", "kind": "private"})


@rows("""
         ask  look  fetch  ask-own  list-own
nobody   401  401   401    401      401
root     404  404   404    202      200
eve      404  404   404    202      200
ann      202  200   200    202      200
mia      403  404   404    202      200
bob      403  404   404    202      200
""")
async def test_an_owner_exports_her_group_and_everybody_what_is_her_own(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    made = await until_made(people.ann, await people.ann.post(of_group(people), status=202))
    actions: dict[str, Action] = {
        "ask": ("POST", of_group(people), None),
        "look": ("GET", f"/api/exports/{made['id']}", None),
        "fetch": ("GET", f"/api/exports/{made['id']}/file", None),
        "ask-own": ("POST", MINE, None),
        "list-own": ("GET", MINE, None),
    }
    assert await tried(actor, actions, may) == may


async def test_who_owns_the_group_no_more_finds_no_export_of_it(people: Cast) -> None:
    member = f"/api/groups/{people.group['id']}/members"
    await people.ann.put(f"{member}/{people.mia.id}", {"role": "owner"})
    made = await until_made(people.ann, await people.ann.post(of_group(people), status=202))
    path = f"/api/exports/{made['id']}"
    for who in (people.mia, people.bob):
        await who.get(path, 404)
        await who.get(f"{path}/file", 404)
    await people.mia.put(f"{member}/{people.ann.id}", {"role": "moderator"})
    for gone in (path, f"{path}/file"):
        await people.ann.get(gone, 404)
    assert (await people.ann.get(MINE))["exports"] == []
    await people.mia.put(f"{member}/{people.ann.id}", {"role": "owner"})
    await people.ann.get(f"{path}/file")
    await people.ann.delete(f"{member}/{people.ann.id}")
    await people.ann.get(f"{path}/file", 404)


async def test_all_that_its_owner_may_read_is_in_the_file_of_a_group(people: Cast) -> None:
    picture = await people.bob.upload(png(), "../a leaf?.png", media_type="image/png")
    body = {"text": "<b>Look</b>", "file_ids": [picture["id"]]}
    post = await people.bob.post(people.posts, body)
    await people.ann.put(f"/api/posts/{post['id']}/reactions/👍")
    replies = [
        await people.mia.post(people.posts, {"text": f"reply {n}", "parent_id": post["id"]})
        for n in range(12)
    ]
    other = await people.mia.post(people.posts, {"text": "Later"})
    short = await people.bob.post(people.posts, {"text": "Yes", "parent_id": other["id"]})
    channel = f"/api/channels/{people.channel['id']}"
    score = await people.bob.post(f"{channel}/scores", {"game": "=snake", "points": 7})
    saved = await people.bob.put(f"{channel}/documents/quiz", {"done": [1, 2]}, 201)
    opened = await exported(people.ann, of_group(people))
    shown = [await people.ann.get(f"/api/posts/{each['id']}") for each in (post, *replies, other)]
    posts = opened.lines("posts.jsonl")
    assert posts == [*shown, await people.ann.get(f"/api/posts/{short['id']}")]
    page = opened.text("posts.html")
    assert "&lt;b&gt;Look&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "<script" not in page
    (name,) = opened.files()
    assert name == f"files/{picture['id']}-a leaf_.png"
    assert opened.zip.read(name) == png()
    assert f'src="files/{picture["id"]}-a%20leaf_.png"' in page
    people_there = [[row[1], row[3]] for row in opened.table("members.csv")[1:]]
    assert people_there == [["ann", "owner"], ["mia", "moderator"], ["bob", "member"]]
    (_, row) = opened.table("scores.csv")
    assert row[1:6] == [f"{people.channel['id']}", "'=snake", "7", f"{people.bob.id}", "Bob"]
    assert row[6] == score["created_at"]
    assert json.loads(opened.text("documents.json")) == [saved]
    (listed,) = json.loads(opened.text("channels.json"))
    assert listed == people.channel
    assert "for Ann" in opened.text("README.txt")


async def test_nothing_tells_of_private_channels_of_others_nor_of_codes(people: Cast) -> None:
    hidden = await private_channel(people)
    file = await people.mia.upload(b"a secret", "secret.txt")
    path = f"/api/channels/{hidden['id']}"
    body = {"text": "a secret for @bob", "file_ids": [file["id"]]}
    await people.mia.post(f"{path}/posts", body)
    await people.mia.post(f"{path}/scores", {"game": "secret", "points": 1})
    await people.mia.put(f"{path}/documents/secret", {"a": "secret"}, 201)
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    await people.ann.post(people.posts, {"text": "seen"})
    opened = await exported(people.ann, of_group(people))
    everything = "".join(opened.names) + "".join(map(opened.text, opened.names))
    assert "seen" in everything
    for unseen in ("secret", "Hidden surprise", code["join_code"]):
        assert unseen not in everything
    await people.mia.put(f"{path}/members/{people.ann.id}", status=204)
    assert "a secret for @bob" in (await exported(people.ann, of_group(people))).text("posts.html")


async def test_no_table_runs_in_a_spreadsheet(people: Cast) -> None:
    await people.bob.patch("/api/me", {"name": EVIL})
    await people.bob.post(
        f"/api/channels/{people.channel['id']}/scores", {"game": "+1;-2", "points": -3}
    )
    group, own = await exported(people.ann, of_group(people)), await exported(people.bob, MINE)
    tables = [(one, name) for one in (group, own) for name in one.names if name.endswith(".csv")]
    assert len(tables) > 6
    for opened, name in tables:
        for cell in [cell for row in opened.table(name) for cell in row]:
            assert not cell.startswith(("=", "+", "@", "\t")), name
            assert not cell.startswith("-") or cell == "-3", name
    assert [row[2] for row in group.table("members.csv")][-1] == f"'{EVIL}"


async def test_an_export_is_unpacked_anywhere_and_stays_in_its_folder(
    people: Cast, tmp_path: Path
) -> None:
    names = ["../../out.txt", "..\\..\\out", "/out", "a:b|c.txt", "🍀" * 120 + ".txt", "é" * 200]
    files = [(await people.bob.upload(b"in", name))["id"] for name in names]
    await people.bob.post(people.posts, {"text": "", "file_ids": files})
    for path, who in ((of_group(people), people.ann), (MINE, people.bob)):
        opened = await exported(who, path)
        assert len([*opened.files()]) == len(names)
        assert not [name for name in opened.names if ".." in name or name.startswith("/")]
        folder = tmp_path / "unpacked" / who.username
        opened.zip.extractall(folder)
        assert len([file for file in folder.rglob("*") if file.is_file()]) == len(opened.names)


async def test_whose_account_is_deleted_is_nobody_in_an_export(people: Cast) -> None:
    channel = f"/api/channels/{people.channel['id']}"
    await people.bob.post(f"{channel}/posts", {"text": "by bob"})
    await people.bob.post(f"{channel}/scores", {"game": "snake", "points": 7})
    await people.bob.delete("/api/me")
    opened = await exported(people.ann, of_group(people))
    assert [post["author"] for post in opened.lines("posts.jsonl")] == [None]
    assert [row[3:6] for row in opened.table("scores.csv")[1:]] == [["7", "", ""]]
    assert [row[1] for row in opened.table("members.csv")[1:]] == ["ann", "mia"]


async def test_all_that_is_ones_own_is_in_ones_own_file_and_nothing_of_others(
    people: Cast,
) -> None:
    await people.ann.post(people.posts, {"text": "by ann, for @bob"})
    file = await people.bob.upload(b"notes", "notes.txt")
    post = await people.bob.post(people.posts, {"text": "by bob", "file_ids": [file["id"]]})
    reply = await people.bob.post(people.posts, {"text": "again", "parent_id": post["id"]})
    for emoji in ("👍", "🎉"):
        await people.bob.put(f"/api/posts/{post['id']}/reactions/{emoji}")
    await people.ann.put(f"/api/posts/{post['id']}/reactions/👎")
    channel = f"/api/channels/{people.channel['id']}"
    for who in (people.ann, people.bob):
        await who.post(f"{channel}/scores", {"game": "snake", "points": who.id})
        await who.put(f"{channel}/documents/of-{who.username}", {}, 201)
        await who.put("/api/me/documents/settings", {"of": who.username}, 201)
    await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
    opened = await exported(people.bob, MINE)
    posts = opened.lines("posts.jsonl")
    assert [(one["id"], one["text"]) for one in posts] == [
        (post["id"], "by bob"),
        (reply["id"], "again"),
    ]
    assert posts[0]["files"] == [file]
    assert opened.zip.read(f"files/{file['id']}-notes.txt") == b"notes"
    assert opened.table("reactions.csv")[1:] == [
        [f"{post['id']}", emoji] for emoji in sorted(("👍", "🎉"))
    ]
    assert [row[3] for row in opened.table("scores.csv")[1:]] == [f"{people.bob.id}"]
    documents = json.loads(opened.text("documents.json"))
    assert [one["key"] for one in documents] == ["of-bob", "settings"]
    assert json.loads(opened.text("profile.json")) == await people.bob.get("/api/me")
    everything = "".join(map(opened.text, opened.names))
    for unseen in ("by ann", "Ann", people.bob.token, "👎"):
        assert unseen not in everything
    assert opened.table("mentions.csv")[1:] == [], "she may not read it any more"


async def test_whoever_waits_is_told_how_far_it_is(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "_TELL_EVERY_S", -1)
    for n in range(3):
        file = await people.bob.upload(f"file {n}".encode())
        await people.bob.post(people.posts, {"text": "", "file_ids": [file["id"]]})
    before = await people.ann.get(MINE)
    ((topic, _),) = before["live"]["topics"].items()
    async with LiveClient(url, people.ann.token) as live:
        await live.hello(before["live"])
        made = await people.ann.post(of_group(people), status=202)
        assert (made["state"], made["size_bytes"]) == ("waiting", None)
        await until_made(people.ann, made)
        listed = await people.ann.get(MINE)
        await live.event(topic, listed["live"]["topics"][topic])
        told = [event["data"] for event in live.events(topic)]
    assert {event["kind"] for event in live.events(topic)} == {"export.changed"}
    assert [told[-1]] == listed["exports"]
    assert len(told) > 5
    percents = [view["percent"] for view in told if not view.get("gone")]  # by a later one
    assert percents == sorted(percents)
    assert (await people.mia.get(MINE))["exports"] == []


async def test_who_owns_the_group_no_more_while_it_is_made_gets_nothing(
    people: Cast, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.export_wanted, "set", lambda: None)  # nobody makes it
    made = await people.ann.post(of_group(people), status=202)
    members = f"/api/groups/{people.group['id']}/members"
    for who, role in ((people.mia, "owner"), (people.ann, "moderator")):
        await people.ann.put(f"{members}/{who.id}", {"role": role})
    await make_now(services)
    await people.mia.put(f"{members}/{people.ann.id}", {"role": "owner"})
    failed = await people.ann.get(f"/api/exports/{made['id']}")
    assert (failed["state"], failed["size_bytes"]) == ("failed", None)
    assert failed["problem"] == "Only owners of the group may do this."


async def test_one_runs_at_a_time_and_few_within_a_day(
    people: Cast, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(services.export_wanted, "set", lambda: None)  # nobody makes it
        first = await people.ann.post(of_group(people), status=202)
        assert await people.ann.post(of_group(people), status=202) == first
        path = f"/api/exports/{first['id']}/file"
        problem(await people.ann.ask("GET", path), 409, "export_not_done")
        roles = f"/api/groups/{people.group['id']}/members/{people.mia.id}"
        await people.ann.put(roles, {"role": "owner"})
        problem(await people.mia.ask("POST", of_group(people)), 409, "export_running")
    await make_now(services)
    for who in (people.mia, people.ann) * 2:
        await exported(who, of_group(people))
    assert MAX_EXPORTS_A_DAY == 5
    refused = await people.ann.ask("POST", of_group(people))
    problem(refused, 429, "too_many")
    assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600
    await exported(people.ann, MINE)
    ids = [one["id"] for one in (await people.ann.get(MINE))["exports"]]
    assert ids == sorted(ids, reverse=True)
    walked = await people.ann.get(f"{MINE}?limit=2")
    assert [one["id"] for one in walked["exports"]] == ids[:2]
    walked = await people.ann.get(f"{MINE}?limit=2&before={walked['next']}")
    assert [one["id"] for one in walked["exports"]] == ids[2:4]


@ON_EVERY_STORE
async def test_a_file_is_there_for_a_day_and_then_its_bytes_go(
    people: Cast, services: Services
) -> None:
    made = await until_made(people.ann, await people.ann.post(of_group(people), status=202))
    path = f"/api/exports/{made['id']}"
    Opened(await people.ann.get(f"{path}/file"))
    yesterday = now() - EXPORT_LASTS
    async with services.database.write() as db:
        await db.run(update(Blobs).values(used_at=yesterday))
    assert await collect(services.database, services.store) == 0
    async with services.database.write() as db:
        await db.run(update(Exports).values(finished_at=yesterday))
    for gone in (path, f"{path}/file"):
        await people.ann.get(gone, 404)
    async with services.database.write() as db:
        await forget_expired_exports(db)
    assert await collect(services.database, services.store) == 1
    assert await kept(services.store) == {}


async def test_an_export_of_a_deleted_account_goes_with_it(
    people: Cast,
) -> None:
    made = await until_made(people.bob, await people.bob.post(MINE, status=202))
    await people.bob.delete("/api/me")
    for who in (people.bob, people.ann):
        assert (await who.ask("GET", f"/api/exports/{made['id']}")).status in {401, 404}
