"""Accounts that administrators add, one or many at once, and the links that claim them."""

from datetime import timedelta
from typing import Any

from api.context import Services
from model.session import CONFIRMATION_LASTS
from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.api.test_confirmation import confirmed_before
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import PASSWORD, Visitor

ADDED = "/api/admin/users"
OWN_PAGE = {"Sec_Fetch_Site": "same-origin"}
CLASS = {"people": [{"name": "Zoë Łuk"}, {"name": "Zoë Łuk", "email": "zoe@example.org"}]}

EXAMPLES = (Example("POST /api/admin/users", {"people": [{"name": "New"}]}, by=("root",), often=0),)


def token_of(link: str) -> str:
    return link.partition("#token=")[2]


async def claimed(visitor: Visitor, link: str) -> Any:
    body = {"token": token_of(link), "password": PASSWORD}
    return await visitor.ask("PUT", "/api/password-resets", body, **OWN_PAGE)


@rows("""
         add
nobody   401
eve      403
bob      403
ann      403
root     201
""")
async def test_who_may_add_accounts(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    assert await tried(actor, {"add": ("POST", ADDED, CLASS)}, may) == may
    listed = await people.root.get(f"{ADDED}?state=unclaimed")
    assert listed["total"] == (2 if who == "root" else 0)


async def test_each_claims_her_account_by_a_link_once(people: Cast, visitor: Visitor) -> None:
    one, other = (await people.root.post(ADDED, CLASS))["people"]
    assert (one["username"], other["username"]) == ("zoe-luk", "zoe-luk-2")
    signing_in = {"username": one["username"], "password": PASSWORD}
    await visitor.post("/api/sessions", signing_in, status=401)
    answer = await claimed(visitor, one["link"])
    assert (answer.status, answer.body["id"]) == (200, one["id"])
    await visitor.post("/api/sessions", signing_in, 201, **OWN_PAGE)
    assert (await claimed(visitor, one["link"])).status == 400
    acts = (await people.root.get("/api/admin/acts?kind=account.added"))["acts"]
    assert [(act["person_id"], act["by_id"], act["details"]) for act in acts] == [
        (person["id"], people.root.id, {"role": "member"}) for person in (other, one)
    ]
    log = (await people.root.get("/api/topics/admin/events"))["events"]
    registered = [event["data"] for event in log if event["kind"] == "user.registered"]
    assert [user["username"] for user in registered[-2:]] == ["zoe-luk", "zoe-luk-2"]
    assert token_of(other["link"]) not in str([acts, log])


async def test_a_link_is_good_for_nothing_once_its_maker_is_no_administrator(
    people: Cast, visitor: Visitor
) -> None:
    eve = f"/api/users/{people.eve.id}"
    await people.root.patch(eve, {"role": "admin"})
    added = {"people": [{"name": "Zoe"}], "role": "admin"}
    (zoe,) = (await people.eve.post(ADDED, added))["people"]
    await people.root.patch(eve, {"role": "member"})
    problem(await claimed(visitor, zoe["link"]), 400, "invalid")
    assert (await people.root.get(f"/api/users/{zoe['id']}"))["role"] == "admin"


async def test_all_are_added_or_none_and_all_that_is_wrong_is_named(
    services: Services, people: Cast
) -> None:
    wrong: list[dict[str, str]] = [
        {"name": "Zoe", "username": "BOB"},
        {"name": "Zoe", "username": "zoe"},
        {"name": "Zoe", "username": "Zoe"},
        {"name": "Right"},
    ]
    refused = problem(await people.root.ask("POST", ADDED, {"people": wrong}), 400, "invalid")
    assert refused["fields"].keys() == {f"people.{n}.username" for n in range(3)}
    shapeless = {"people": [{"name": ""}, {"name": "Zoe", "email": "x"}]}
    refused = problem(await people.root.ask("POST", ADDED, shapeless), 400, "invalid")
    assert refused["fields"].keys() == {"people.0.name", "people.1.email"}
    await confirmed_before(services, CONFIRMATION_LASTS + timedelta(seconds=1))
    problem(await people.root.ask("POST", ADDED, CLASS), 403, "password_needed")
    assert (await people.root.get(ADDED))["total"] == 5
