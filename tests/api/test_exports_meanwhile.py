"""An export of a group in which everything is written and deleted while it is made.

It takes more than a second: what shall be exported is written first.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

import pytest

from api.context import Services
from api.setting_kinds import Switch
from model.exporting import of_group
from model.exporting import posts as pages
from tests.api.test_exports import of_group as of_group_path
from tests.support.cast import Cast
from tests.support.exporting import Opened, until_made

SHOWN = re.compile(r'<article[^>]* id="post-(\d+)">.*?<p>(.*?)</p>', re.DOTALL)


class Busy:
    """Writes, answers, edits and deletes until it is told to stop."""

    def __init__(self, people: Cast) -> None:
        self.people = people
        self.there: dict[int, bool] = {}  # whether it may be touched, by id
        self.changes = 0

    async def write(self, *, touchable: bool, parent_id: int | None = None) -> int:
        body = {"text": f"version {random.random()}", "parent_id": parent_id}
        who = random.choice((self.people.ann, self.people.bob))
        post = await who.post(self.people.posts, body)
        self.there[post["id"]] = touchable
        return int(post["id"])

    async def change(self) -> None:
        self.changes += 1
        touchable = [post_id for post_id, may in self.there.items() if may]
        chosen = random.choice(touchable)
        action = random.choice(("write", "answer", "edit", "delete"))
        if action == "write":
            await self.write(touchable=True)
        elif action == "answer":
            path = f"{self.people.posts}"
            await self.people.mia.ask("POST", path, {"text": "reply", "parent_id": chosen})
        elif action == "edit":
            await self.people.bob.ask(
                "PATCH", f"/api/posts/{chosen}", {"text": f"edited {random.random()}"}
            )
        elif len(touchable) > 5:
            await self.people.ann.delete(f"/api/posts/{chosen}")
            del self.there[chosen]

    @asynccontextmanager
    async def meanwhile(self) -> AsyncIterator[None]:
        enough = asyncio.Event()

        async def go_on() -> None:
            while not enough.is_set():
                await self.change()

        task = asyncio.create_task(go_on())
        try:
            yield
        finally:
            enough.set()
            await task


async def test_no_post_is_half_there_or_newer_than_the_export(
    people: Cast, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.settings = services.settings.model_copy(update={"limits": Switch.OFF})
    monkeypatch.setattr(pages, "_AT_ONCE", 2)
    monkeypatch.setattr(pages, "_POSTS", pages._POSTS.limit(2))
    busy = Busy(people)
    for number in range(30):
        post_id = await busy.write(touchable=number % 2 == 0)
        for _ in range(number % 5):
            await busy.write(touchable=False, parent_id=post_id)
    untouched = {post_id for post_id, touchable in busy.there.items() if not touchable}
    late = list[int]()

    async def with_something_new(*given: Any) -> AsyncIterator[Any]:
        async for page in pages.posts_of_channel(*given):
            yield page
            late.append(await busy.write(touchable=False))

    monkeypatch.setattr(of_group, "posts_of_channel", with_something_new)
    async with busy.meanwhile():
        made = await until_made(
            people.ann, await people.ann.post(of_group_path(people), status=202)
        )
    assert busy.changes > 5, "much has happened meanwhile"
    opened = Opened(await people.ann.get(f"/api/exports/{made['id']}/file"))
    posts: list[dict[str, Any]] = opened.lines("posts.jsonl")
    ids = [post["id"] for post in posts]
    assert len(set(ids)) == len(ids)
    gone = {
        post_id
        for post_id in untouched
        if (await people.ann.ask("GET", f"/api/posts/{post_id}")).status == 404
    }
    assert untouched - gone <= set(ids)
    assert max(ids) < min(late)
    for place, post in enumerate(posts):
        if post["parent"]:
            assert post["parent"]["id"] in ids[:place]
    shown = [
        (int(post_id), unescape(text)) for post_id, text in SHOWN.findall(opened.text("posts.html"))
    ]
    assert shown == [(post["id"], post["text"]) for post in posts]
