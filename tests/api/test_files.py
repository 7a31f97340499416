"""Files: who finds them, when they are gone, and how many one may keep."""

import asyncio
from typing import Any

import pytest

from api.context import Services
from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Person, Visitor
from tests.support.pictures import png
from tests.support.stores import ON_EVERY_STORE, kept

pytestmark = ON_EVERY_STORE

CONTENT = b"0123456789"

EXAMPLES = (
    Example("POST /api/files", b"notes", (b"more notes",), makes="file_id"),
    Example("POST /api/files/{file_id}/links", often=0),
    Example("DELETE /api/files/{file_id}"),
)


async def carried(people: Cast, by: Person, kind: str, content: bytes = CONTENT) -> Any:
    """A new channel of that kind, and a post of `by` there that carries a file."""
    path = f"/api/groups/{people.group['id']}/channels"
    channel = await people.mia.post(path, {"name": kind, "kind": kind})
    file = await by.upload(content)
    form = {"text": "look", "file_ids": [file["id"]]}
    return await by.post(f"/api/channels/{channel['id']}/posts", form)


async def attempts(people: Cast, who: Visitor, post: Any, may: Statuses) -> Statuses:
    (file,) = post["files"]
    path = f"/api/files/{file['id']}"
    actions = {
        "bytes": ("GET", path, None),
        "head": ("HEAD", path, None),
        "thumbnail": ("GET", f"{path}/thumbnail?size=64", None),
        "links": ("POST", f"{path}/links", None),
        "attach": ("POST", people.posts, {"text": "mine", "file_ids": [file["id"]]}),
        "delete": ("DELETE", path, None),
    }
    return await tried(who, actions, may)


@rows("""
         bytes  head  thumbnail  links  attach  delete
nobody   401    401   401        401    401     401
root     404    404   404        404    404     404
eve      404    404   404        404    404     404
bob      200    200   200        201    400     403
ann      200    200   200        201    400     403
mia      200    200   200        201    201     204
""")
async def test_who_may_do_what_with_a_file_that_mia_shows_in_an_open_channel(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    post = await carried(people, people.mia, "open", png())
    actor = visitor if who == "nobody" else people.named(who)
    assert await attempts(people, actor, post, may) == may


@rows("""
         bytes  head  thumbnail  links  attach  delete
nobody   401    401   401        401    401     401
root     404    404   404        404    404     404
eve      404    404   404        404    404     404
bob      404    404   404        404    400     404
ann      404    404   404        404    400     404
mia      200    200   200        201    201     204
""")
async def test_who_may_do_what_with_a_file_that_mia_shows_in_her_private_channel(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    post = await carried(people, people.mia, "private", png())
    actor = visitor if who == "nobody" else people.named(who)
    assert await attempts(people, actor, post, may) == may


async def test_a_file_that_no_post_carries_is_its_uploaders_alone(people: Cast) -> None:
    file = await people.bob.upload(CONTENT)
    path = f"/api/files/{file['id']}"
    assert await people.bob.get(path) == CONTENT
    for other in (people.ann, people.mia, people.root, people.eve):
        await other.get(path, status=404)


async def test_a_file_is_gone_with_the_last_post_that_carried_it(people: Cast) -> None:
    file = await people.bob.upload(CONTENT)
    form = {"text": "look", "file_ids": [file["id"]]}
    first, second = (
        await people.bob.post(people.posts, form),
        await people.bob.post(people.posts, form),
    )
    path = f"/api/files/{file['id']}"
    await people.bob.delete(f"/api/posts/{first['id']}")
    assert await people.ann.get(path) == CONTENT
    await people.bob.delete(f"/api/posts/{second['id']}")
    for who in (people.ann, people.bob):
        await who.get(path, status=404)
    problem(await people.bob.ask("POST", people.posts, form), 400, "invalid")


@pytest.mark.parametrize("what", ["channels", "groups"])
async def test_a_file_is_gone_with_the_channel_or_group_of_its_post(
    people: Cast, what: str
) -> None:
    post = await carried(people, people.bob, "open")
    thing_id = {"channels": post["channel_id"], "groups": people.group["id"]}[what]
    await people.ann.delete(f"/api/{what}/{thing_id}")
    await people.bob.get(f"/api/files/{post['files'][0]['id']}", status=404)


async def test_a_deleted_file_is_gone_from_its_posts_and_the_readers_are_told(
    people: Cast,
) -> None:
    post = await carried(people, people.bob, "open")
    topic = f"channel:{post['channel_id']}"
    await people.bob.delete(f"/api/files/{post['files'][0]['id']}")
    left = {**post, "files": []}
    assert await people.ann.get(f"/api/posts/{post['id']}") == left
    events = (await people.ann.get(f"/api/topics/{topic}/events?after=0"))["events"]
    assert [(event["kind"], event["data"]) for event in events] == [
        ("post.created", {"id": post["id"], "gone": True}),
        ("post.edited", left),
    ]


async def test_who_left_the_group_may_still_delete_her_file_from_it(people: Cast) -> None:
    post = await carried(people, people.bob, "open")
    await people.bob.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
    await people.bob.get(f"/api/posts/{post['id']}", status=404)
    await people.bob.delete(f"/api/files/{post['files'][0]['id']}")
    assert (await people.ann.get(f"/api/posts/{post['id']}"))["files"] == []


async def test_the_files_of_a_deleted_account_stay_with_its_posts(people: Cast) -> None:
    post = await carried(people, people.bob, "open")
    await people.bob.delete("/api/me")
    assert await people.ann.get(f"/api/files/{post['files'][0]['id']}") == CONTENT


async def test_a_post_carries_ten_files_in_their_order_and_needs_no_text_then(
    people: Cast,
) -> None:
    ids = [(await people.bob.upload(b"%d" % n, f"{n}.txt"))["id"] for n in range(11)]
    for form in ({"text": ""}, {"text": " \n"}, {"text": "", "file_ids": []}):
        answer = await people.bob.ask("POST", people.posts, form)
        assert problem(answer, 400, "invalid")["fields"].keys() == {"text"}
    for wrong in (ids, [999_999], [0], ["1"], "1", [ids[0], 999_999]):
        answer = await people.bob.ask("POST", people.posts, {"text": "x", "file_ids": wrong})
        (named,) = problem(answer, 400, "invalid")["fields"]
        assert named.startswith("file_ids")
    shown = [ids[3], ids[1], ids[3], *ids[4:10]]
    post = await people.bob.post(people.posts, {"text": "", "file_ids": shown})
    assert [file["id"] for file in post["files"]] == list(dict.fromkeys(shown))
    assert await people.ann.get(f"/api/posts/{post['id']}") == post
    assert (await people.ann.get(people.posts))["posts"] == [post]
    edited = await people.bob.patch(f"/api/posts/{post['id']}", {"text": ""})
    assert edited["files"] == post["files"]


async def test_a_file_is_not_carried_by_any_number_of_posts(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.file.MAX_POSTS_A_FILE", 3)
    form = {"text": "look", "file_ids": [(await people.bob.upload(CONTENT))["id"]]}
    for _ in range(3):
        await people.bob.post(people.posts, form)
    answer = await people.bob.ask("POST", people.posts, form)
    assert problem(answer, 400, "invalid")["fields"].keys() == {"file_ids"}


async def test_the_same_bytes_are_kept_once(people: Cast, services: Services) -> None:
    answers = await asyncio.gather(
        *(who.send_file(CONTENT, "x") for who in (people.ann, people.bob, people.mia, people.bob))
    )
    assert [answer.status for answer in answers] == [201] * 4
    ids = {answer.body["id"] for answer in answers}
    assert len(ids) == 4
    assert list((await kept(services.store)).values()) == [CONTENT]
    own = answers[1].body["id"]
    await people.bob.delete(f"/api/files/{own}")
    assert await people.mia.get(f"/api/files/{answers[2].body['id']}") == CONTENT


async def test_an_upload_repeated_with_its_key_makes_one_file(people: Cast) -> None:
    first = await people.bob.upload(CONTENT, Idempotency_Key="once")
    assert await people.bob.upload(CONTENT, Idempotency_Key="once") == first
    other = await people.bob.send_file(b"other", Idempotency_Key="once")
    problem(other, 409, "idempotency_key_reused")
    assert (await people.bob.upload(CONTENT))["id"] != first["id"]
