"""One's own account: what one changes, the password, and leaving for good."""

import asyncio
from datetime import timedelta

from quart import Quart
from sqlalchemy import select, update

from api.context import Services
from model.database.table import now
from model.log.event import Events
from model.session import Sessions
from model.user import Users
from tests.api.browser import SESSION, browser, problem
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import PASSWORD
from tests.support.purging import purged

NEW = "an even better passphrase"

EXAMPLES = (
    Example("PATCH /api/me", {"name": "Bobby"}, ({"name": "Robert"}, {"name": "Annie"})),
    Example("PUT /api/me/password", {"old": PASSWORD, "new": NEW}, by=("guest",), often=0),
    Example("DELETE /api/me", by=("guest",), often=0),
)


async def test_one_sees_oneself_and_never_a_hash(people: Cast) -> None:
    shown = await people.bob.get("/api/me")
    assert shown.keys() == {
        "id", "username", "name", "avatar", "role", "active", "created_at", "email",
        "may_enrol",
        "email_confirmed",
    }  # fmt: skip
    assert (shown["id"], shown["username"], shown["email"]) == (people.bob.id, "bob", None)


async def test_only_what_is_given_changes(people: Cast) -> None:
    before = await people.bob.patch("/api/me", {"email": "bob@example.org"})
    renamed = await people.bob.patch("/api/me", {"name": " Robert "})
    assert renamed == {**before, "name": "Robert"}
    assert await people.bob.patch("/api/me", {}) == renamed
    assert (await people.bob.patch("/api/me", {"email": None}))["email"] is None
    for wrong in ({"name": ""}, {"name": None}, {"role": "admin"}, {"email": "no"}):
        problem(await people.bob.ask("PATCH", "/api/me", wrong), 400, "invalid")


async def test_another_address_wants_the_password_and_is_not_confirmed(
    people: Cast, services: Services
) -> None:
    address, other = "bob@example.org", "robert@example.org"
    await people.bob.patch("/api/me", {"email": address})
    async with services.database.write() as db:
        await db.run(update(Users), email_confirmed=True)
        await db.run(update(Sessions), confirmed_at=now() - timedelta(minutes=11))
    shown = await people.bob.patch("/api/me", {"email": address, "name": "Robert"})
    assert (shown["email"], shown["email_confirmed"]) == (address, True)
    for email in (other, None):
        answer = await people.bob.ask("PATCH", "/api/me", {"email": email, "name": "No"})
        problem(answer, 403, "password_needed")
    assert await people.bob.get("/api/me") == shown
    async with services.database.write() as db:
        await db.run(update(Sessions), confirmed_at=now())
    changed = await people.bob.patch("/api/me", {"email": other})
    assert changed == {**shown, "email": other, "email_confirmed": False}


async def test_a_new_name_is_seen_everywhere_at_once(people: Cast) -> None:
    post = await people.bob.post(people.posts, {"text": "mine"})
    await people.bob.patch("/api/me", {"name": "Robert"})
    assert (await people.ann.get(f"/api/posts/{post['id']}"))["author"]["name"] == "Robert"
    members = await people.ann.get(f"/api/groups/{people.group['id']}/members")
    assert "Robert" in [member["name"] for member in members["members"]]


async def test_a_changed_password_ends_all_other_sessions(app: Quart, people: Cast) -> None:
    page = browser(app)
    await page.post("/api/sessions", {"username": "bob", "password": PASSWORD})
    await people.bob.put("/api/me/password", {"old": PASSWORD, "new": NEW}, 204)
    await people.bob.get("/api/me")
    await page.get("/api/me", status=401)
    await browser(app).post("/api/sessions", {"username": "bob", "password": PASSWORD}, 401)
    await browser(app).post("/api/sessions", {"username": "bob", "password": NEW})


async def test_a_password_is_changed_only_by_who_knows_the_old_one(people: Cast) -> None:
    answer = await people.bob.ask("PUT", "/api/me/password", {"old": "wrong", "new": NEW})
    assert problem(answer, 400, "invalid")["fields"].keys() == {"old"}
    answer = await people.bob.ask("PUT", "/api/me/password", {"old": PASSWORD, "new": "short"})
    assert problem(answer, 400, "invalid")["fields"].keys() == {"new"}


async def test_a_password_is_guessed_ten_times_and_no_more(people: Cast) -> None:
    body = {"old": "guessed", "new": NEW}
    answers = await asyncio.gather(
        *(people.bob.ask("PUT", "/api/me/password", body) for _ in range(14))
    )
    assert sorted(answer.status for answer in answers) == [400] * 10 + [429] * 4
    problem(
        await people.bob.ask("PUT", "/api/me/password", {"old": PASSWORD, "new": NEW}),
        429,
        "too_many",
    )


async def test_who_deletes_the_account_is_gone(app: Quart, people: Cast) -> None:
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"})
    await page.post("/api/sessions", {"username": "bob", "password": PASSWORD})
    post = await page.post(people.posts, {"text": "mine"})
    await page.delete("/api/me")
    assert SESSION not in page.cookies
    await people.bob.get("/api/me", status=401)
    await browser(app).post("/api/sessions", {"username": "bob", "password": PASSWORD}, 401)
    assert (await people.ann.get(f"/api/posts/{post['id']}"))["author"] is None
    again = {"username": "bobby", "name": "Another Bob", "password": PASSWORD}
    made = await browser(app).post("/api/users", again)
    assert made["id"] > people.bob.id, "nobody inherits what was somebody else's"


async def test_whoever_knows_the_old_password_does_not_win_after_it_was_changed(
    people: Cast,
) -> None:
    changes = [{"old": PASSWORD, "new": f"another long one {n}"} for n in range(4)]
    answers = await asyncio.gather(
        *(people.bob.ask("PUT", "/api/me/password", change) for change in changes)
    )
    assert sorted(answer.status for answer in answers) == [204, 400, 400, 400]


async def test_the_name_of_a_deleted_account_is_gone_from_groups_it_had_left(
    people: Cast, services: Services
) -> None:
    await people.bob.post(people.posts, {"text": "I was here"})
    await people.bob.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
    await people.bob.delete("/api/me")
    await purged(services)
    async with services.database.read() as db:
        kept = [row.data for row in await db.all(select(Events.data))]
    assert not [data for data in kept if "Bob" in data or "bob" in data]
    (post,) = (await people.mia.get(people.posts))["posts"]
    assert (post["author"], post["text"]) == (None, "I was here")


async def test_the_documents_that_only_a_deleted_account_could_save_go_with_it(
    people: Cast, services: Services
) -> None:
    path = f"/api/channels/{people.channel['id']}/documents"
    await people.bob.put(f"{path}/members/{people.bob.id}/score", {"of": "the deleted"}, 201)
    await people.bob.put(f"{path}/members/{people.bob.id}/a/b", {"of": "the deleted"}, 201)
    kept = [
        await people.bob.put(f"{path}/shared", {"of": "all"}, 201),
        await people.bob.put(f"{path}/MEMBERS/{people.bob.id}/score", {"of": "all"}, 201),
        await people.mia.put(f"{path}/members/{people.mia.id}/score", {"of": "mia"}, 201),
    ]
    await people.bob.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
    await people.bob.delete("/api/me")
    listed = (await people.mia.get(path))["documents"]
    assert [one["id"] for one in listed] == [one["id"] for one in kept]
    await purged(services)
    async with services.database.read() as db:
        bodies = [row.data for row in await db.all(select(Events.data))]
    assert not [body for body in bodies if "the deleted" in body]
