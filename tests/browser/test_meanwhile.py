"""What happens after a page was told how things are, and before it listens, is shown as well."""

from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import Page, Route, expect

from tests.browser.board import A_MINUTE, Board


def meanwhile(page: Page, path: str, happen: Callable[[], object]) -> None:
    """Let something happen once after the server has answered, and before the page knows."""

    def answer_late(route: Route) -> None:
        answer = route.fetch()
        happen()
        route.fulfill(response=answer)

    page.route(path, answer_late, times=1)


def test_a_projected_code_that_is_replaced_meanwhile_gives_way_to_the_new_one(ann: Board) -> None:
    codes = [ann.join_code()]
    meanwhile(ann.page, "**/invite*.js*", lambda: codes.append(ann.join_code()))
    ann.go(f"/groups/{ann.group_id}/invite")
    expect(ann.page.locator(".join-code")).to_have_text(f"{codes[1][:5]} {codes[1][5:]}")


def test_a_member_who_is_muted_meanwhile_is_shown_as_muted(two: tuple[Board, Board]) -> None:
    ann, bob = two
    mute = f"/groups/{ann.group_id}/members/{bob.ask('/me', method='GET')['id']}/mute"
    until = {"until": (datetime.now(UTC) + A_MINUTE).isoformat()}
    held: list[Route] = []
    ann.page.route("**/groups/*/applications?*", lambda route: held.append(route))  # noqa: PLW0108
    meanwhile(ann.page, "**/members?*", lambda: ann.ask(mute, until, method="PUT"))
    with ann.page.expect_response("**/members?*"):
        ann.page.reload()
    held[0].continue_()
    ann.page.locator("#members").click()
    expect(ann.page.locator("#people li").filter(has_text="Bob")).to_contain_text("muted")


def test_a_join_code_that_was_replaced_meanwhile_is_not_shown_again(ann: Board) -> None:
    first = ann.join_code()
    ann.page.locator("#members").click()
    code = ann.page.locator("#code")
    expect(code).to_have_text(first)
    held: list[Route] = []
    ann.page.route("**/join-code", lambda route: held.append(route), times=1)  # noqa: PLW0108
    with ann.page.expect_request("**/join-code"):
        second = ann.ask(f"/groups/{ann.group_id}/join-code", {})
    third = ann.join_code()
    expect(code).to_have_text(third)
    held[0].fulfill(json=second)
    ann.page.evaluate("fetch('/api/me')")
    expect(code).to_have_text(third)


def test_a_group_that_was_archived_meanwhile_is_read_only_when_it_is_opened(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    other = bob.ask("/groups", {"name": "Chess"})["id"]
    bob.page.reload()
    bob.page.locator(f"#to-group-{other}").click()
    expect(bob.page.locator("#nothing")).to_be_visible()
    changes = {"name": "Class of 2026", "archived": True}
    ann.ask(f"/groups/{ann.group_id}", changes, method="PATCH")
    bob.page.locator(f"#to-group-{ann.group_id}").click()
    expect(bob.page.locator("#read-only")).to_contain_text("This group is archived")
    expect(bob.page.locator(f"#to-group-{ann.group_id}")).to_have_text("Class of 2026")


def test_a_list_of_administrators_that_could_not_be_fetched_is_fetched_again(ann: Board) -> None:
    ann.go("/admin/audit")
    with ann.page.expect_event("requestfailed"):
        ann.page.route("**/admin/audit", lambda route: route.abort(), times=1)
        ann.ask(f"/admin/groups/{ann.group_id}", {"archived": True}, method="PATCH")
    expect(ann.page.get_by_role("row").filter(has_text="Group archived")).to_contain_text("Ann")
