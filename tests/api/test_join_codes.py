"""Join codes: made, shown again, limited, withdrawn, and how they let people in."""

import asyncio
from datetime import datetime, timedelta

from quart import Quart
from sqlalchemy import update

from api.context import Services
from model.database.table import now
from model.join_code import JOIN_CODE_LETTERS, JoinCodes
from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import sign_up

MODERATORS = ("ann", "mia")
RULES = {"expires_in_days": 7, "max_uses": 40}

EXAMPLES = (
    Example(
        "POST /api/groups/{group_id}/join-code", {}, makes="join_code", by=("ann", "mia"), often=0,
        listed="/api/groups/{group_id}/acts",
    ),
    Example("PATCH /api/groups/{group_id}/join-code", RULES, by=MODERATORS, often=0),
    Example("DELETE /api/groups/{group_id}/join-code", by=MODERATORS, often=0),
)  # fmt: skip


def code_of(people: Cast) -> str:
    return f"/api/groups/{people.group['id']}/join-code"


async def test_a_code_is_shown_again_with_its_rules_and_uses(people: Cast) -> None:
    path = code_of(people)
    made = await people.ann.post(path, {"max_uses": 2})
    assert made == {
        "join_code": made["join_code"],
        "expires_at": made["expires_at"],
        "max_uses": 2,
        "uses": 0,
        "admission": "code",
        "addresses": [],
    }
    assert await people.mia.get(path) == made
    await people.eve.post("/api/memberships", {"join_code": made["join_code"]})
    assert await people.ann.get(path) == {**made, "uses": 1}
    forever = await people.mia.patch(path, {"expires_in_days": None, "max_uses": None})
    assert forever == {**made, "uses": 1, "expires_at": None, "max_uses": None}
    week = await people.mia.patch(path, {"expires_in_days": 7})
    left = datetime.fromisoformat(week["expires_at"]) - now()
    assert timedelta(days=6) < left <= timedelta(days=7)
    assert await people.ann.patch(path, {}) == week


async def test_no_event_tells_a_code(people: Cast) -> None:
    group = f"/api/groups/{people.group['id']}"
    codes = [(await people.ann.post(code_of(people), {}))["join_code"]]
    await people.ann.patch(code_of(people), RULES)
    for _ in range(2):
        await people.ann.put(f"{group}/bans/{people.bob.id}", {"new_code": True}, status=204)
        codes.append((await people.ann.get(code_of(people)))["join_code"])
    assert len(set(codes)) == 3
    said = [await people.ann.get(f"{group}/acts")]
    for who, topic in (
        (people.ann, f"moderation:{people.group['id']}"),
        (people.ann, f"group:{people.group['id']}"),
        (people.ann, f"user:{people.ann.id}"),
        (people.root, "admin"),
    ):
        said.append(await who.get(f"/api/topics/{topic}/events"))
    assert "code.changed" in str(said)
    assert not [code for code in codes if code in str(said)]


async def test_no_code_lasts_for_more_than_a_year_or_admits_otherwise(people: Cast) -> None:
    wrong = {"expires_in_days": 366, "max_uses": 0, "admission": "always"}
    for method in ("POST", "PATCH"):
        refused = problem(await people.ann.ask(method, code_of(people), wrong), 400, "invalid")
        assert refused["fields"].keys() == wrong.keys()
        assert refused["fields"]["expires_in_days"] == "It should be 365 or less."
        assert refused["fields"]["max_uses"] == "It should be 1 or more."


async def test_a_withdrawn_code_lets_nobody_in(people: Cast) -> None:
    code = await people.ann.post(code_of(people), {})
    await people.mia.delete(code_of(people))
    await people.eve.post("/api/memberships", {"join_code": code["join_code"]}, status=400)
    for method, body in (("GET", None), ("PATCH", RULES)):
        problem(await people.ann.ask(method, code_of(people), body), 404, "not_found")


async def test_a_code_of_before_codes_were_kept_works_and_is_not_shown(
    people: Cast, services: Services
) -> None:
    code = await people.ann.post(code_of(people), {})
    async with services.database.write() as db:
        await db.run(update(JoinCodes), code=None)
    assert (await people.ann.get(code_of(people)))["join_code"] is None
    await people.eve.post("/api/memberships", {"join_code": code["join_code"]})


async def test_a_join_code_reads_as_people_write_it(people: Cast) -> None:
    path = code_of(people)
    made = await people.mia.post(path, {"max_uses": 5})
    code = made["join_code"]
    assert len(code) == 10
    assert set(code) <= set(JOIN_CODE_LETTERS)
    assert made["max_uses"] == 5
    sloppy = f" {code[:5]}-{code[5:]} ".lower().replace("0", "o").replace("1", "l")
    wide = code.translate({ord(char): ord(char) + 0xFEE0 for char in JOIN_CODE_LETTERS})
    for written in (
        sloppy,
        f"\u2068{code}\u2069\r\n",
        f"{code[:5]}\u2011\u00ad{code[5:]}\u200b",
        f"“{wide}”.",
        f"{code[:5]}\n{code[5:]}",
    ):
        joined = await people.eve.post("/api/memberships", {"join_code": written})
        assert joined["role"] == "member", written
        path_of_eve = f"/api/groups/{people.group['id']}/members/{people.eve.id}"
        await people.eve.delete(path_of_eve)


async def test_a_new_code_replaces_the_one_before(people: Cast) -> None:
    path = code_of(people)
    old, new = [(await people.ann.post(path, {}))["join_code"] for _ in range(2)]
    refused = await people.eve.ask("POST", "/api/memberships", {"join_code": old})
    assert problem(refused, 400, "invalid")["fields"].keys() == {"join_code"}
    await people.eve.post("/api/memberships", {"join_code": new})


async def test_an_expired_code_lets_nobody_in(people: Cast, services: Services) -> None:
    path = code_of(people)
    code = await people.ann.post(path, {})
    async with services.database.write() as db:
        await db.run(update(JoinCodes), expires_at=now() - timedelta(seconds=1))
    await people.eve.post("/api/memberships", {"join_code": code["join_code"]}, status=400)


async def test_a_code_lets_no_more_in_than_its_uses_however_many_come_at_once(
    app: Quart, services: Services, people: Cast
) -> None:
    guests = [await sign_up(app, services.database, f"guest{n}") for n in range(12)]
    path = code_of(people)
    code = await people.ann.post(path, {"max_uses": 5})
    body = {"join_code": code["join_code"]}
    answers = await asyncio.gather(*(who.ask("POST", "/api/memberships", body) for who in guests))
    assert sorted(answer.status for answer in answers) == [201] * 5 + [400] * 7
    listed = await people.ann.get(f"/api/groups/{people.group['id']}/members?limit=100")
    assert len(listed["members"]) == 3 + 5


async def test_who_is_in_joins_no_second_time_and_uses_nothing_up(people: Cast) -> None:
    code = await people.ann.post(code_of(people), {"max_uses": 1})
    body = {"join_code": code["join_code"]}
    problem(await people.bob.ask("POST", "/api/memberships", body), 409, "already_member")
    together = [people.eve.ask("POST", "/api/memberships", body) for _ in range(2)]
    assert sorted(answer.status for answer in await asyncio.gather(*together)) in (
        [201, 400],
        [201, 409],
    )
