"""Who does not belong to a group gets nothing of it by any GET, whatever she may have learned.

A group is filled with everything there is. All words there hold one of the marks below, and all
things have numbers that nothing else has.
"""

import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from zipfile import ZipFile, is_zipfile

import pytest
from quart import Quart
from sqlalchemy import text

from api.context import Services
from tests.api.company import Company
from tests.live.event_stream import streaming
from tests.support.cast import Cast
from tests.support.examples import Example, ask, example_of, nameless
from tests.support.exporting import until_made
from tests.support.people import Answer, Person, Visitor
from tests.support.world import World

WORD, GROUP_NAME, PERSON_NAME, HIDDEN = "quagga", "zebra", "okapi", "narwhal"
SOUGHT = "grazes"
"""Beside the marks wherever it can be searched for; an answer may repeat it."""

FIRST_IDS = {
    table: 770_000 + 1_000 * place
    for place, table in enumerate(
        ("channels", "posts", "documents", "files", "reports", "exports", "scores")
    )
}
A_NUMBER = r"\b77[0-6]\d{3}\b"
QUERIES = {
    "search": (f"q={SOUGHT}", f"q={SOUGHT}&group_id={{group_id}}"),
    "users": (f"search={SOUGHT}",),
    "documents": (f"prefix={SOUGHT}", ""),
    "scores": (f"game={SOUGHT}",),
    "scores.csv": (f"game={SOUGHT}",),
    "thumbnail": ("size=64",),
    "reports": ("settled=true", "settled=false"),
}
"""By the last word of the path; what it takes is there, or else the test fails."""

ENDLESS = {"/api/live"}  # followed by itself below
OF_ADMINS = r"/(api/)?admin|/api/topics/admin/|/api/users"
AUDIT = r"/(api/)?admin/(acts|audit)|/api/topics/admin/"
NOWHERE = "(?!)"

WITHIN_GROUPS = ("/api/groups/", "/api/channels/", "/api/posts/", "/api/scores/", "/api/reports/")
OF_THE_SERVER = ("/api/admin/", "/api/users/")

Marks = Mapping[str, str]
"""Patterns of what must not be told, with where it may be nevertheless."""

Values = dict[str, list[Any]]


async def give_numbers(services: Services) -> None:
    async with services.database.write() as db:
        for table, first in FIRST_IDS.items():
            values = {"name": table, "seq": first}
            await db.run(text("DELETE FROM sqlite_sequence WHERE name = :name"), name=table)
            await db.run(text("INSERT INTO sqlite_sequence VALUES (:name, :seq)"), **values)


async def filled(people: Cast, company: Company, services: Services, leaving: list[Person]) -> Any:
    """The group with all that can be in it; the values of paths, and the private channel's id."""
    await give_numbers(services)
    ann, mia, bob, group = people.ann, people.mia, people.bob, company.group
    for person in (ann, mia, bob):
        await person.patch("/api/me", {"name": f"{PERSON_NAME} {SOUGHT} {person.username}"})
    await ann.patch(group, {"name": f"{GROUP_NAME} {SOUGHT}", "description": WORD})
    waiting = await company.waiting(f"{PERSON_NAME}-{SOUGHT}")
    rows = {"rows": [{"name": f"{PERSON_NAME} {SOUGHT}"}]}
    (enrolled,) = (await ann.post(f"{group}/roster", rows))["people"]
    who = [ann, mia, bob, people.root, people.eve, waiting, *leaving]
    values: Values = {
        "group_id": [people.group["id"]],
        "channel_id": [people.channel["id"]],
        "user_id": [*(person.id for person in who), enrolled["id"]],
        "post_id": [], "file_id": [], "report_id": [],
        "key": [SOUGHT, f"members/{bob.id}/{SOUGHT}"],
        "backup_id": [1], "sha256": ["0" * 64], "file": ["swagger-ui.css"], "name": ["live.js"],
    }  # fmt: skip
    for kind in ("open", "private"):
        name = f"{WORD} {SOUGHT} {HIDDEN}" if kind == "private" else f"{WORD} {SOUGHT}"
        body = {"name": name, "description": WORD, "kind": kind}
        channel = await ann.post(f"{group}/channels", body)
        values["channel_id"].append(channel["id"])
        await fill_channel(people, channel, leaving, values)
    exports = [(ann, f"{group}/exports"), *((one, "/api/me/exports") for one in leaving)]
    made = [await until_made(one, await one.post(path, {}, status=202)) for one, path in exports]
    values["export_id"] = [export["id"] for export in made]
    values["topic"] = [
        "admin", "rights", *(f"{noun}:{people.group['id']}" for noun in ("group", "moderation")),
        *(f"channel:{one}" for one in values["channel_id"]),
        *(f"user:{one}" for one in values["user_id"]),
    ]  # fmt: skip
    return values, channel["id"]


async def fill_channel(people: Cast, channel: Any, leaving: list[Person], values: Values) -> None:
    mia, bob, path, word = people.mia, people.bob, f"/api/channels/{channel['id']}", WORD
    if channel["kind"] == "private":
        word = f"{WORD} {HIDDEN}"
        for person in (mia, bob, *leaving):
            await people.ann.put(f"{path}/members/{person.id}", status=204)
    file = await mia.upload(f"a {word}".encode(), f"{word}.txt")
    named = " ".join(f"@{person.username}" for person in (bob, *leaving))
    body = {"text": f"A {word} {SOUGHT}, {named}", "file_ids": [file["id"]]}
    post = await mia.post(f"{path}/posts", body)
    answer = {"text": f"A {word} {SOUGHT}", "parent_id": post["id"]}
    values["post_id"] += [post["id"], (await bob.post(f"{path}/posts", answer))["id"]]
    values["file_id"].append(file["id"])
    await mia.put(f"/api/posts/{post['id']}/pin", status=204)
    await bob.put(f"/api/posts/{post['id']}/reactions/👍")
    await bob.post(f"{path}/scores", {"game": SOUGHT, "points": 7})
    for key in values["key"]:
        await bob.put(f"{path}/documents/{key}", {"is": word}, status=201)
    for person in leaving:
        hers = await person.post(f"{path}/posts", {"text": "something of hers"})
        report = await bob.post(f"/api/posts/{hers['id']}/reports", {"reason": f"A {word}"})
        await mia.patch(f"/api/reports/{report['id']}", {"outcome": "warned"})
        await bob.post(f"{path}/posts", {"text": word, "parent_id": hers["id"]})
        values["post_id"].append(hers["id"])
        values["report_id"].append(report["id"])
    report = await bob.post(f"/api/posts/{post['id']}/reports", {"reason": f"A {word}"})
    values["report_id"].append(report["id"])


def paths_of(app: Quart, values: Values) -> Iterator[str]:
    """Each GET route, with everything in the group that may be in its braces."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule in ENDLESS:
            continue
        names = sorted(rule.arguments)
        queries = QUERIES.get(rule.rule.rpartition("/")[2], ("",))
        for given in itertools.product(*(values[name] for name in names)):
            of_path = dict(zip(names, map(str, given), strict=True))
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).format(**of_path)
            group_id = values["group_id"][0]
            yield from (f"{path}?{query}".format(group_id=group_id) for query in queries)


def told(answer: Answer) -> str:
    """Headers and body, and what is in a ZIP."""
    body = answer.body
    if isinstance(body, bytes) and is_zipfile(io.BytesIO(body)):
        opened = ZipFile(io.BytesIO(body))
        body = b"".join([*map(str.encode, opened.namelist()), *map(opened.read, opened.namelist())])
    shown = body.decode(errors="replace") if isinstance(body, bytes) else json.dumps(body)
    return f"{answer.headers}{shown}".lower()


async def leaks(app: Quart, values: Values, who: Person, marks: Marks) -> list[Any]:
    """Each path that tells what it must not."""
    found = []
    for path in paths_of(app, values):
        answer = await who.ask("GET", path)
        assert answer.status != 400, (path, answer.body)
        assert answer.status < 500, (path, answer.body)
        said = told(answer)
        found += [
            (who.username, path, answer.status, match[0])
            for mark, nevertheless in marks.items()
            if not re.match(nevertheless, path) and (match := re.search(mark, said))
        ]
    return found


async def followed(url: str, who: Person, topics: list[str]) -> set[str]:
    """Those of some topics that somebody may follow."""
    answers = {}
    async with streaming(url, *topics, Authorization=f"Bearer {who.token}") as live:
        for topic in topics:
            answers[topic] = await live.answer(topic)
    return {topic for topic, answer in answers.items() if answer["type"] == "subscribed"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # rights are in statements
async def test_nothing_of_a_group_or_a_private_channel_is_told_to_who_does_not_belong_to_it(
    app: Quart, people: Cast, services: Services, url: str
) -> None:
    """It asks a thousand paths, which takes two seconds."""
    company = Company(app, services, people)
    left, banned = await company.member("left"), await company.member("banned")
    others = [await company.member("tom"), await company.member("max", "moderator")]
    values, private_id = await filled(people, company, services, [left, banned])
    members = f"{company.group}/members"
    await left.delete(f"{members}/{left.id}")
    await people.mia.put(f"{company.group}/bans/{banned.id}", {"new_code": True}, status=204)
    code = (await people.ann.get(f"{company.group}/join-code"))["join_code"]
    words = dict.fromkeys((WORD, GROUP_NAME, PERSON_NAME, code.lower()), NOWHERE)
    private = rf"\b{private_id}\b"
    outside = await leaks(app, values, people.eve, {**words, A_NUMBER: NOWHERE})
    for who in (left, banned):
        # What she was told herself when she belonged there, and what she has written
        own = rf"/api/topics/user:{who.id}/|/api/exports/"
        outside += await leaks(app, values, who, {**dict.fromkeys(words, own), private: own})
    admins = {**words, GROUP_NAME: r"/(api/)?admin", PERSON_NAME: OF_ADMINS, private: AUDIT}
    outside += await leaks(app, values, people.root, admins)
    for who in others:
        outside += await leaks(app, values, who, {HIDDEN: NOWHERE, private: NOWHERE})
    assert not outside, "\n".join(map(str, outside))
    for who in (people.eve, left, banned, people.root):
        may = {f"user:{who.id}"} | ({"admin"} if who is people.root else set())
        assert await followed(url, who, values["topic"]) == may
    inside = await leaks(app, values, people.ann, {**words, HIDDEN: NOWHERE, private: NOWHERE})
    there = {mark for *_, mark in inside}
    assert there == {*words, HIDDEN, str(private_id)}, "else nothing could be found"


def changing(app: Quart) -> list[Example]:
    """An example of each request that changes something in groups, or on the server."""
    operations = {
        nameless(f"{method} {re.sub(r'<[^>]+>', '{}', rule.rule)}")
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        if rule.rule.startswith((*WITHIN_GROUPS, *OF_THE_SERVER))
    }
    found = [example_of(operation) for operation in sorted(operations)]
    return [example for example in found if example]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # rights are in statements
async def test_whoever_may_not_do_something_is_refused_as_she_may_know_of_it(
    app: Quart, people: Cast, services: Services, visitor: Visitor
) -> None:
    """It makes what each request needs, and asks four hundred times, which takes two seconds."""
    company, world = Company(app, services, people), World(app, services, people)
    outside = {name: await company.actor(name, visitor) for name in ("eve", "left", "banned")}
    outside["root"] = people.root
    inside = {name: people.named(name) for name in ("bob", "mia", "ann")}
    wrong, tried = [], 0
    for example in changing(app):
        maker = await world.person(example.by[0])
        request = await world.request(example, maker)
        for name, who in {"nobody": visitor, **outside, **inside}.items():
            if name in example.by or who is maker:
                continue
            hidden = name in outside and example.path.startswith(WITHIN_GROUPS)
            may_be = {401} if name == "nobody" else {404} if hidden else {403, 404}
            status, tried = (await ask(who, request)).status, tried + 1
            if status not in may_be:
                wrong.append((name, example.operation, status))
    assert not wrong, "\n".join(map(str, wrong))
    assert tried > 200
