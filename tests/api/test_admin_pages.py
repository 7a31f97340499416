"""The pages of administrators: for them alone, and whatever people are called is text there."""

from api.context import Services
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.crowd import gather_crowd
from tests.support.people import Visitor
from tests.test_statements import counted

PAGES = {
    "overview": "/admin",
    "people": "/admin/people",
    "new": "/admin/people/new",
    "groups": "/admin/groups",
    "audit": "/admin/audit",
}


@rows("""
         overview  people  new  groups  audit
nobody   302       302     302  302     302
eve      403       403     403  403     403
bob      403       403     403  403     403
ann      403       403     403  403     403
root     200       200     200  200     200
""")
async def test_who_sees_the_pages_of_administrators(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    assert (
        await tried(actor, {name: ("GET", path, None) for name, path in PAGES.items()}, may) == may
    )
    home = (await actor.get("/")).decode()
    assert ('href="/admin"' in home) is (who == "root")


async def test_a_name_is_text_wherever_it_is_shown(people: Cast) -> None:
    name = "<b>\"&' {{ 1 }} </script>"
    await people.bob.patch("/api/me", {"name": name})
    await people.ann.patch(f"/api/groups/{people.group['id']}", {"name": name})
    await people.root.delete(f"/api/users/{people.bob.id}/sessions")
    for path in (f"{PAGES['people']}?search=bob", PAGES["groups"], PAGES["audit"]):
        page = (await people.root.get(path)).decode()
        assert "&lt;b&gt;&#34;&amp;&#39; {{ 1 }}" in page, path
        assert "<b>" not in page
        assert page.count("</script>") == page.count("<script")


async def test_a_form_with_empty_fields_shows_everything_and_a_wrong_one_a_page_that_says_so(
    people: Cast,
) -> None:
    for name, fields in (
        ("people", ("search", "state", "role", "sort")),
        ("groups", ("search", "state", "sort")),
        ("audit", ("kind", "since", "until")),
    ):
        await people.root.get(f"{PAGES[name]}?{'&'.join(f'{field}=' for field in fields)}")
        wrong = await people.root.ask("GET", f"{PAGES[name]}?limit=x", Accept="text/html")
        assert wrong.status == 400
        assert b"<h1>" in wrong.body


async def test_pages_of_many_cost_as_many_statements_as_pages_of_few(
    services: Services, people: Cast
) -> None:
    costs: list[dict[str, int]] = []
    for more in (20, 180):
        await gather_crowd(services.database, more, more // 10, named=more)
        cost = {}
        for path in PAGES.values():
            with counted() as statements:
                page = (await people.root.get(path)).decode()
            cost[path] = len(statements)
        costs.append(cost)
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= 7
    page = (await people.root.get(PAGES["people"])).decode()
    assert "205 people" in page
    assert "/admin/people?after=" in page
