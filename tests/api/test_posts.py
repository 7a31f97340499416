"""Posts, replies and reactions, as their readers and writers see them."""

import asyncio

from sqlalchemy import insert
from sqlalchemy import text as sql

from api.context import Services
from model.reaction import Reactions
from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Visitor

EMOJI = {"emoji": ("👍", "🎉")}
NAMING = ("@bob", "@ann and @mia")
EXAMPLES = (
    Example(
        "POST /api/channels/{channel_id}/posts", {"text": "Hello"},
        tuple({"text": text} for text in NAMING), makes="post_id", often=2,
    ),
    Example(
        "POST /api/channels/{channel_id}/posts", {"text": "me", "parent_id": "{post_id}"},
        makes="reply_id", listed="/api/posts/{post_id}/replies", oldest_first=True, often=2,
    ),
    Example(
        "POST /api/channels/{channel_id}/posts", {"text": "Look", "file_ids": ["{file_id}"]},
        tuple({"text": text, "file_ids": ["{file_id}"]} for text in NAMING), makes="post_id",
    ),
    Example(
        "PATCH /api/posts/{post_id}", {"text": "Good morning"},
        tuple({"text": text} for text in NAMING),
    ),
    Example("PATCH /api/posts/{reply_id}", {"text": "me, too"}, ({"text": "@mia"},)),
    Example("DELETE /api/posts/{post_id}"),
    Example("DELETE /api/posts/{reply_id}"),
    Example("PUT /api/posts/{post_id}/reactions/{emoji}", values=EMOJI, often=2),
    Example("DELETE /api/posts/{post_id}/reactions/{emoji}", values=EMOJI),
)  # fmt: skip


async def test_what_one_writes_all_members_read(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "Good morning!"})
    assert post["author"] == {"id": people.ann.id, "name": "Ann", "avatar": None}
    listed = await people.bob.get(people.posts)
    assert listed["posts"] == [post]
    assert await people.bob.get(f"/api/posts/{post['id']}") == post


async def test_concurrent_replies_and_reactions_are_all_kept(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "Who comes?"})
    everybody = (people.ann, people.mia, people.bob)
    await asyncio.gather(
        *(
            who.post(people.posts, {"text": "me", "parent_id": post["id"]})
            for who in everybody
            for _ in range(3)
        ),
        *(who.put(f"/api/posts/{post['id']}/reactions/👍") for who in everybody),
    )
    after = await people.bob.get(f"/api/posts/{post['id']}")
    assert after["reply_count"] == 9
    assert after["reactions"] == [{"emoji": "👍", "user_ids": sorted(who.id for who in everybody)}]
    replies = await people.bob.get(f"/api/posts/{post['id']}/replies")
    assert len(replies["posts"]) == 9


@rows("""
         show  replies  edit  delete  edit-own  delete-own
nobody   401   401      401   401     401       401
root     404   404      404   404     404       404
eve      404   404      404   404     404       404
bob      200   200      403   403     200       204
mia      200   200      403   204     200       204
ann      200   200      403   204     200       204
""")
async def test_who_may_do_what_with_a_post(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    is_member = who in {"ann", "mia", "bob"}
    author = people.mia if who == "ann" else people.ann
    theirs = await author.post(people.posts, {"text": "theirs"})
    own = await (people.named(who) if is_member else author).post(people.posts, {"text": "own"})
    actions = {
        "show": ("GET", f"/api/posts/{theirs['id']}", None),
        "replies": ("GET", f"/api/posts/{theirs['id']}/replies", None),
        "edit": ("PATCH", f"/api/posts/{theirs['id']}", {"text": "changed"}),
        "delete": ("DELETE", f"/api/posts/{theirs['id']}", None),
        "edit-own": ("PATCH", f"/api/posts/{own['id']}", {"text": "changed"}),
        "delete-own": ("DELETE", f"/api/posts/{own['id']}", None),
    }
    actor = visitor if who == "nobody" else people.named(who)
    assert await tried(actor, actions, may) == may


async def test_an_edited_post_says_so_and_keeps_its_reactions(people: Cast) -> None:
    post = await people.bob.post(people.posts, {"text": "befor"})
    path = f"/api/posts/{post['id']}"
    reaction = await people.ann.put(f"{path}/reactions/🎉")
    edited = await people.bob.patch(path, {"text": "before"})
    assert edited["edited_at"] > post["created_at"]
    assert edited == {
        **post, "text": "before", "edited_at": edited["edited_at"], "reactions": [reaction],
    }  # fmt: skip
    assert await people.mia.get(path) == edited


async def test_who_may_no_longer_write_may_no_longer_edit_but_may_take_back(people: Cast) -> None:
    post = await people.bob.post(people.posts, {"text": "mine"})
    await people.ann.patch(f"/api/channels/{people.channel['id']}", {"kind": "announce"})
    refused = await people.bob.ask("PATCH", f"/api/posts/{post['id']}", {"text": "changed"})
    problem(refused, 403, "not_a_moderator")
    await people.bob.delete(f"/api/posts/{post['id']}")


async def test_a_reply_belongs_to_its_post_and_goes_with_it(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "Who comes?"})
    replies = [
        await people.bob.post(people.posts, {"text": str(n), "parent_id": post["id"]})
        for n in range(2)
    ]
    assert [reply["parent"] for reply in replies] == [
        {"id": post["id"], "reply_count": 1},
        {"id": post["id"], "reply_count": 2},
    ]
    assert [p["id"] for p in (await people.bob.get(people.posts))["posts"]] == [post["id"]]
    await people.bob.delete(f"/api/posts/{replies[0]['id']}")
    assert (await people.bob.get(f"/api/posts/{post['id']}"))["reply_count"] == 1
    await people.ann.delete(f"/api/posts/{post['id']}")
    await people.bob.get(f"/api/posts/{replies[1]['id']}", status=404)


REPLIES = sql(
    "INSERT INTO posts (channel_id, parent_id, text, words, reply_count, created_at)"
    " WITH RECURSIVE reply (number) AS"
    " (SELECT 1 UNION ALL SELECT number + 1 FROM reply WHERE number < :count)"
    " SELECT channel_id, posts.id, 'me', 'me', 0, created_at FROM posts, reply"
    " WHERE posts.id = :post_id"
)


async def test_a_post_with_very_many_replies_is_deleted(people: Cast, services: Services) -> None:
    post = await people.ann.post(people.posts, {"text": "Who comes?"})
    path = f"/api/posts/{post['id']}"
    async with services.database.write() as db:
        await db.run(REPLIES, post_id=post["id"], count=33_000)
    assert len((await people.bob.get(f"{path}/replies"))["posts"]) > 0
    await people.ann.delete(path)
    assert (await people.bob.get(people.posts))["posts"] == []


async def test_a_reply_answers_a_post_of_the_same_channel(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "here"})
    reply = await people.ann.post(people.posts, {"text": "there", "parent_id": post["id"]})
    path = f"/api/groups/{people.group['id']}/channels"
    other = await people.ann.post(path, {"name": "other"})
    hidden = await people.mia.post(path, {"name": "hidden", "kind": "private"})
    secret = await people.mia.post(f"/api/channels/{hidden['id']}/posts", {"text": "secret"})
    for channel_id, parent_id in (
        (other["id"], post["id"]),
        (people.channel["id"], secret["id"]),
        (people.channel["id"], 999_999),
    ):
        body = {"text": "no", "parent_id": parent_id}
        answer = await people.bob.ask("POST", f"/api/channels/{channel_id}/posts", body)
        assert problem(answer, 400, "invalid")["fields"].keys() == {"parent_id"}
    answer = await people.bob.ask("POST", people.posts, {"text": "no", "parent_id": reply["id"]})
    problem(answer, 409, "not_a_post")


async def test_a_text_has_1_to_10000_characters_that_can_be_seen(people: Cast) -> None:
    for text in ("x", "🙂" * 10_000, "  two\n\tlines\r\n", "\u202ex\u200b"):
        post = await people.bob.post(people.posts, {"text": text})
        shown = await people.ann.get(f"/api/posts/{post['id']}")
        assert shown["text"] == text, "not a character is changed"
    wrong: list[object] = [
        "",
        " \n\t",
        "\u200b\u2800",
        "\0\x0c",
        "x" * 10_001,
        7,
        None,
        ["x"],
        {"a": 1},
    ]
    for value in wrong:
        answer = await people.bob.ask("POST", people.posts, {"text": value})
        assert problem(answer, 400, "invalid")["fields"].keys() == {"text"}, value


async def test_what_a_paste_brings_along_is_not_kept(people: Cast) -> None:
    pasted = "one\x0btwo\x0cthree\x85four si\x92x\x1b[2J\0"
    post = await people.bob.post(people.posts, {"text": pasted})
    assert post["text"] == "one\ntwo\nthree\nfour six[2J"
    edited = await people.bob.patch(f"/api/posts/{post['id']}", {"text": "\x7fx\x9f"})
    assert edited["text"] == "x"
    group = await people.ann.patch(
        f"/api/groups/{people.group['id']}", {"name": "\ufeff7b\x0c", "description": "a\x0bb\0"}
    )
    assert (group["name"], group["description"]) == ("7b", "a\nb")


async def test_one_reacts_once_with_each_emoji_and_takes_it_back(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "!"})
    path = f"/api/posts/{post['id']}"
    for emoji in ("👍", "❤️", "👩‍👩‍👧‍👦", "🇩🇪", "1️⃣", "👍"):
        assert await people.bob.put(f"{path}/reactions/{emoji}") == {
            "emoji": emoji,
            "user_ids": [people.bob.id],
        }
    both = await people.mia.put(f"{path}/reactions/👍")
    assert both["user_ids"] == sorted([people.bob.id, people.mia.id])
    assert len((await people.ann.get(path))["reactions"]) == 5
    after = await people.bob.delete(f"{path}/reactions/👍", status=200)
    assert after == {"emoji": "👍", "user_ids": [people.mia.id]}
    assert await people.bob.delete(f"{path}/reactions/👍", status=200) == after
    gone = await people.mia.delete(f"{path}/reactions/👍", status=200)
    assert gone == {"emoji": "👍", "user_ids": []}
    assert "👍" not in [r["emoji"] for r in (await people.ann.get(path))["reactions"]]


async def test_an_emoji_is_one_reaction_whatever_a_keyboard_sends(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "!"})
    path = f"/api/posts/{post['id']}/reactions"
    for spelt in ("❤", "❤️", "\u2764\ufe0e"):
        await people.bob.put(f"{path}/{spelt}")
    both = await people.mia.put(f"{path}/❤")
    heart = {"emoji": "❤️", "user_ids": sorted([people.mia.id, people.bob.id])}
    assert both == heart
    newer = ["🩷", "\u203c\ufe0f", "\u2139\ufe0f"]  # than the tables of Python 3.11; no symbols
    made = [await people.bob.put(f"{path}/{emoji}") for emoji in newer]
    shown = (await people.ann.get(f"/api/posts/{post['id']}"))["reactions"]
    assert sorted(shown, key=str) == sorted([heart, *made], key=str)
    assert (await people.bob.delete(f"{path}/❤", status=200))["user_ids"] == [people.mia.id]


async def test_only_an_emoji_is_a_reaction(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "!"})
    for no_emoji in ("x", "\0", "\x01👍", " ", "👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍", "👍x"):
        for method in ("PUT", "DELETE"):
            path = f"/api/posts/{post['id']}/reactions/{no_emoji}"
            answer = await people.bob.ask(method, path)
            assert problem(answer, 400, "invalid")["fields"].keys() == {"emoji"}


async def test_what_an_earlier_version_took_as_an_emoji_can_be_taken_back(
    people: Cast, services: Services
) -> None:
    post = await people.ann.post(people.posts, {"text": "!"})
    of_bob = {"post_id": post["id"], "emoji": "👍👍", "user_id": people.bob.id}
    async with services.database.write() as db:
        await db.run(insert(Reactions), **of_bob)
    path = f"/api/posts/{post['id']}/reactions/👍👍"
    assert (await people.bob.delete(path, status=200))["user_ids"] == []
    assert (await people.ann.get(f"/api/posts/{post['id']}"))["reactions"] == []
    for method in ("DELETE", "PUT"):
        problem(await people.bob.ask(method, path), 400, "invalid")


async def test_a_post_takes_fifty_different_emoji(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "!"})
    path = f"/api/posts/{post['id']}/reactions"
    for n in range(50):
        await people.bob.put(f"{path}/{chr(0x1F600 + n)}")
    problem(await people.bob.ask("PUT", f"{path}/🚀"), 409, "too_many_emoji")
    await people.mia.put(f"{path}/{chr(0x1F600)}")
    assert len((await people.ann.get(f"/api/posts/{post['id']}"))["reactions"]) == 50
