"""Who polls a list gets it once, and 304 until it changes; never what is for somebody else."""

from pathlib import Path

import pytest

from api.app import create_app
from api.context import Services
from api.context import services as services_of
from api.settings import Settings
from api.transfer import versions
from api.transfer.versions import code_digest
from model.log.event import begin_epoch
from tests.api.browser import problem
from tests.api.test_documents import MINE
from tests.support.cast import Cast
from tests.support.people import Visitor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def tag_of(who: Visitor, path: str) -> str:
    return str((await who.ask("GET", path)).headers["ETag"])


async def status_with(who: Visitor, path: str, tag: str) -> int:
    return (await who.ask("GET", path, If_None_Match=tag)).status


async def test_a_list_is_sent_again_when_it_has_changed_and_not_before(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "rolls?"})
    first = await people.bob.ask("GET", people.posts)
    tag = first.headers["ETag"]
    for method in ("GET", "HEAD"):
        for has in (tag, f"W/{tag}", f'"other", {tag}'):
            known = await people.bob.ask(method, people.posts, If_None_Match=has)
            assert (known.status, known.body, known.headers["ETag"]) == (304, b"", tag)
    for answer in (first, known):
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert {"Authorization", "Cookie", "Origin"} <= set(answer.headers["Vary"].split(", "))
    await people.mia.put(f"/api/posts/{post['id']}/reactions/👍")
    changed = await people.bob.ask("GET", people.posts, If_None_Match=tag)
    assert (changed.status, changed.body["posts"][0]["reactions"][0]["emoji"]) == (200, "👍")


async def test_who_may_no_longer_read_a_list_is_not_told_that_she_has_it(people: Cast) -> None:
    tag = await tag_of(people.bob, people.posts)
    await people.eve.get(people.posts, 404, If_None_Match="*")
    await people.ann.patch(f"/api/channels/{people.channel['id']}", {"kind": "private"})
    left = await people.bob.ask("GET", people.posts, If_None_Match=tag)
    problem(left, 404, "not_found")
    assert "ETag" not in left.headers
    assert left.headers["Cache-Control"] == "no-store"


async def test_nobody_has_what_somebody_else_has_at_the_same_address(people: Cast) -> None:
    for who in (people.bob, people.mia):
        await who.put(f"{MINE}/notes", who.username, 201)
    tag = await tag_of(people.bob, MINE)
    assert await status_with(people.bob, MINE, tag) == 304
    assert await status_with(people.mia, MINE, tag) == 200


async def test_a_list_is_another_one_in_another_epoch_and_with_other_code(
    people: Cast, services: Services
) -> None:
    """A backup that is restored gives out the same numbers again; a new version may add fields."""
    tag = await tag_of(people.bob, people.posts)
    async with services.database.write() as db:
        await begin_epoch(db)
    assert await status_with(people.bob, people.posts, tag) == 200
    tag = await tag_of(people.bob, people.posts)
    services.code = "other"
    assert await status_with(people.bob, people.posts, tag) == 200


async def test_the_code_that_was_loaded_gives_the_tag_whatever_the_files_say_since(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is replaced runs what the supervisor has loaded."""
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    file = tmp_path / "model" / "post.py"
    file.parent.mkdir()
    names = []
    for text in ("old", "new"):
        file.write_text(text)
        code_digest.cache_clear()
        app = create_app(settings, prepared=True)
        file.write_text("changed since")
        code_digest.cache_clear()
        async with app.test_app():
            names.append(services_of(app).code)
    assert code_digest() not in names
    assert names[0] != names[1]
    code_digest.cache_clear()


@pytest.mark.parametrize("path", ["/api/groups", "/api/me/mentions", "channels"])
async def test_a_list_that_more_changes_than_is_told_in_a_few_topics_has_no_tag(
    people: Cast, path: str
) -> None:
    if path == "channels":
        path = f"/api/groups/{people.group['id']}/channels"
    answer = await people.bob.ask("GET", path, If_None_Match="*")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "ETag" not in answer.headers
