"""The version of a list is exact: with the same tag it is the same, for every reader and worker.

Whoever polls with a tag is told 304 until what she would see is something else, and what is kept is
what would be read. After each of many random changes the lists are fetched, which takes some
seconds.
"""

import random
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from quart import Quart
from sqlalchemy import update

from api.app import create_app
from api.context import Services
from api.kept import KeptLists
from api.setting_kinds import Switch
from api.settings import Settings
from model.database.table import now
from model.log.retention import Retention, prune
from model.user import Users
from tests.support.cast import Cast
from tests.support.chaos import Chaos
from tests.support.examples import nameless
from tests.support.people import Person
from tests.support.purging import purged
from tests.support.references import resolved
from tests.support.wanderers import Wanderers


class TellingClient:
    """A test client that says when it has asked for a change."""

    def __init__(self, client: Any, changed: Callable[[], Awaitable[None]]) -> None:
        self._client, self._changed = client, changed

    async def open(self, path: str, *, method: str, **options: Any) -> Any:
        response = await self._client.open(path, method=method, **options)
        if method != "GET":
            await self._changed()
        return response


class Polled:
    """Lists as some readers fetch them after each change, by path and tag.

    They fetch each from two workers, of which the one `keeping` keeps its answers.
    """

    def __init__(self, people: Cast, keeping: Quart) -> None:
        channel, group = f"/api/channels/{people.channel['id']}", people.group["id"]
        self.posts = f"{channel}/posts?limit=100"
        self.paths = {
            self.posts,
            f"{channel}/documents",
            f"{channel}/scores?game=snake",
            f"{channel}/scores?game=snake&order=latest",
            f"/api/groups/{group}/members?limit=100",
            "/api/me/documents",
        }
        self.seen: dict[tuple[str, str], Any] = {}
        self.tags: dict[str, set[str]] = {}
        self.looks = 0
        self._readers = [replace(who) for who in (people.ann, people.bob)]
        self._keeping = keeping

    async def look(self) -> None:
        self.looks += 1
        posts = await self._look(self.posts)
        answered = [post["id"] for post in posts["posts"] if post["reply_count"]]
        replies = {f"/api/posts/{post_id}/replies" for post_id in answered[:2]}
        for path in sorted((self.paths | replies) - {self.posts}):
            await self._look(path)

    async def _look(self, path: str) -> Any:
        reader = random.choice(self._readers)
        answer = await reader.ask("GET", path)
        assert answer.status == 200, answer
        tag = answer.headers["ETag"]
        kept = await reader.before(self._keeping).ask("GET", path)
        assert (kept.headers["ETag"], kept.body) == (tag, answer.body)
        assert self.seen.setdefault((path, tag), answer.body) == answer.body, (path, tag)
        self.tags.setdefault(path, set()).add(tag)
        return answer.body

    @contextmanager
    def after_changes_of(self, *people: Person) -> Iterator[None]:
        clients = [person.client for person in people]
        for person in people:
            person.client = TellingClient(person.client, self.look)  # type: ignore[assignment] # all that is asked of it
        yield
        for person, client in zip(people, clients, strict=True):
            person.client = client


async def test_a_list_with_the_same_tag_is_the_same(
    app: Quart, services: Services, settings: Settings, people: Cast
) -> None:
    services.settings = services.settings.model_copy(update={"limits": Switch.OFF})
    random.seed(0)
    chaos = Chaos(app, services, people)
    guests = [await chaos.person("guest") for _ in range(2)]
    async with services.database.write() as db:  # or that they were here is noted meanwhile
        await db.run(update(Users), last_seen_on=now())
    other = create_app(settings.model_copy(update={"limits": Switch.OFF}), prepared=True)
    async with other.test_app():
        services.kept_lists = KeptLists(max_bytes=0)
        polled = Polled(people, keeping=other)
        for guest in guests:
            guest.client = guest.before(other).client
        with polled.after_changes_of(people.ann, people.mia, people.bob, *guests):
            wanderers = Wanderers(chaos, guests)
            await chaos.play()
            for _ in range(2):
                await wanderers.play()
            file = await people.bob.upload(b"see this")
            await people.bob.post(people.posts, {"text": "", "file_ids": [file["id"]]})
            await people.bob.delete(f"/api/files/{file['id']}")
            for who in (people.ann, people.mia, people.bob):
                await who.patch("/api/me", {"name": f"{who.username} {polled.looks}"})
            await prune(services.database, Retention(events=5))
            await wanderers.vanish()
            await purged(services)
            await polled.look()
    seldom = [path for path in polled.paths if len(polled.tags[path]) < 5]
    assert seldom == [], "their changes are not tried"
    assert all(len(tags) < polled.looks for tags in polled.tags.values()), "nothing keeps its tag"
    tried = {re.sub("[0-9]+", "{}", path.partition("?")[0]) for path in polled.tags}
    document = resolved(await people.ann.get("/openapi.json"))
    assert set(_versioned_lists(document)) == tried, "whoever gives a list a version tries it here"


def _versioned_lists(document: Any) -> Iterator[str]:
    for path, operations in document["paths"].items():
        taken = {parameter["name"] for parameter in operations.get("get", {}).get("parameters", ())}
        if {"limit", "If-None-Match"} <= taken:
            yield nameless(path)
