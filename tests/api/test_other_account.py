"""A page says whom it believes to be: what does not fit is refused, wherever it asks."""

from quart import Quart

from tests.api.browser import SESSION, Browser, browser, problem
from tests.live.client import LiveClient, cookie_at
from tests.support.cast import Cast
from tests.support.people import PASSWORD


async def page_of_ann(app: Quart, people: Cast) -> Browser:
    """In whose browser bob has signed in since, in another tab."""
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"})
    await page.post("/api/sessions", {"username": "ann", "password": PASSWORD})
    await page.get("/api/me")
    await page.post("/api/sessions", {"username": "bob", "password": PASSWORD})
    page.headers["Homeroom-User"] = str(people.ann.id)
    return page


async def test_a_page_of_one_user_neither_reads_nor_writes_as_another(
    app: Quart, people: Cast
) -> None:
    page = await page_of_ann(app, people)
    post = {"text": "by ann, for sure"}
    for _ in range(2):
        problem(await page.ask("GET", people.posts), 401, "other_account")
        problem(await page.ask("POST", people.posts, post), 401, "other_account")
        answer = await page.ask("POST", people.posts, post, Idempotency_Key="ann's post")
        problem(answer, 401, "other_account")
        problem(await page.send_file(b"ann's"), 401, "other_account")
    problem(await page.ask("DELETE", "/api/sessions/current"), 401, "other_account")
    assert (await people.bob.get(people.posts))["posts"] == []


async def test_a_page_of_whoever_is_signed_in_says_so_and_is_answered(
    app: Quart, people: Cast
) -> None:
    page = await page_of_ann(app, people)
    page.headers["Homeroom-User"] = str(people.bob.id)
    assert (await page.get("/api/me"))["id"] == people.bob.id
    await page.post(people.posts, {"text": "by bob"})
    for wrong in ("", "bob", f"{people.bob.id}, {people.ann.id}", "9" * 5000):
        answer = await page.ask("GET", "/api/me", Homeroom_User=wrong)
        problem(answer, 401, "other_account")


async def test_a_page_of_one_user_does_not_follow_as_another(
    app: Quart, people: Cast, url: str
) -> None:
    page = await page_of_ann(app, people)
    cookie = cookie_at(url, page.cookies[SESSION])
    async with LiveClient(url, Cookie=cookie, Origin=url) as live:
        await live.send(type="hello", user=people.ann.id)
        assert await live.closed() == 4401
        assert [message["type"] for message in live.messages] == ["error", "bye"]
        assert live.messages[0]["code"] == "other_account"
    async with LiveClient(url, Cookie=cookie, Origin=url) as live:
        welcome = await live.hello(user=people.bob.id)
        assert welcome["user"]["id"] == people.bob.id
