"""What happens after a page was told how things are, and before it listens, is shown as well."""

from datetime import UTC, datetime

from playwright.sync_api import Route, WebSocket, expect

from tests.browser.board import A_MINUTE, Board, OpenBoard
from tests.support.people import PASSWORD
from tests.support.waiting import within

COUNT_NOTICES = """() => {
  const notices = document.querySelector("#notices");
  const count = (changes) => {
    for (const { addedNodes } of changes)
      notices.dataset.count = Number(notices.dataset.count ?? 0) + addedNodes.length;
  };
  new MutationObserver(count).observe(notices, { childList: true });
}"""


def test_a_projected_code_that_is_replaced_meanwhile_gives_way_to_the_new_one(ann: Board) -> None:
    codes = [ann.join_code()]
    with ann.meanwhile("**/invite*.js*", lambda: codes.append(ann.join_code())):
        ann.go(f"/groups/{ann.group_id}/invite")
    expect(ann.page.locator(".join-code")).to_have_text(f"{codes[1][:5]} {codes[1][5:]}")


def test_a_member_who_is_muted_meanwhile_is_shown_as_muted(two: tuple[Board, Board]) -> None:
    ann, bob = two
    mute = f"/groups/{ann.group_id}/members/{bob.ask('/me', method='GET')['id']}/mute"
    until = {"until": (datetime.now(UTC) + A_MINUTE).isoformat()}
    held: list[Route] = []
    ann.page.route("**/groups/*/applications?*", lambda route: held.append(route))  # noqa: PLW0108
    with ann.meanwhile("**/members?*", lambda: ann.ask(mute, until, method="PUT")):
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
    bob.page.evaluate(f"location.hash = '#group={ann.group_id}'")  # it may be folded away already
    expect(bob.page.locator("#read-only")).to_contain_text("This group is archived")
    expect(bob.page.locator(f"#to-group-{ann.group_id}")).to_have_text("Class of 2026")


def test_a_list_of_administrators_that_could_not_be_fetched_is_fetched_again(ann: Board) -> None:
    ann.go("/admin/audit")
    with ann.page.expect_event("requestfailed"):
        ann.page.route("**/admin/audit", lambda route: route.abort(), times=1)
        ann.ask(f"/admin/groups/{ann.group_id}", {"archived": True}, method="PATCH")
    expect(ann.page.get_by_role("row").filter(has_text="Group archived")).to_contain_text("Ann")


def test_a_post_that_comes_while_the_groups_are_fetched_still_marks_its_group(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    bob.make_group("Chess")
    dot = bob.page.locator(f"#to-group-{ann.group_id} .dot")

    def write() -> None:
        ann.write("Who brings the cake?")
        expect(dot).to_have_count(1)

    with bob.meanwhile("**/groups?*", write):
        bob.ask("/groups", {"name": "Choir"})
    expect(bob.page.locator("#groups li")).to_have_count(3)
    expect(dot).to_have_count(1)


def test_a_post_that_comes_while_the_channels_are_fetched_is_counted(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    news = ann.ask(f"/groups/{ann.group_id}/channels", {"name": "news"})["id"]
    bob.ask("/groups", {"name": "Chess"})
    heard: list[str] = []

    def listen(opened: WebSocket) -> None:
        opened.on("framereceived", lambda frame: heard.append(str(frame)))

    bob.page.on("websocket", listen)
    bob.page.reload()
    bob.page.locator("#groups").get_by_role("link", name="Chess").click()
    expect(bob.page.locator("#nothing")).to_be_visible()

    def is_heard() -> bool:
        bob.page.wait_for_timeout(10)  # or nothing would be heard
        return any('"newest"' in frame and f'"{news}":' in frame for frame in heard)

    def write() -> None:
        ann.ask(f"/channels/{news}/posts", {"text": "Who brings the cake?"})
        assert within(10, is_heard)

    with bob.meanwhile("**/channels?*", write):
        bob.page.locator(f"#to-group-{ann.group_id}").click()
    expect(bob.channel("news").locator(".count")).to_have_text("1 unread")


def test_a_mention_that_comes_while_the_mentions_are_fetched_is_told_once(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    bob.make_group("Chess")
    bob.page.evaluate(COUNT_NOTICES)
    told = bob.page.get_by_role("link", name="Ann mentioned you in general · Class")

    def mention() -> None:
        ann.ask(ann.posts_path, {"text": "Ask @bob"})
        expect(told).to_have_count(1)

    with bob.meanwhile("**/me/mentions?*", mention):
        bob.ask("/groups", {"name": "Choir"})
    ann.ask(ann.posts_path, {"text": "Or ask @bob"})
    expect(bob.page.locator("#mentions-label")).to_contain_text("2")
    expect(bob.page.locator("#notices")).to_have_attribute("data-count", "2")


def test_who_may_moderate_again_before_the_page_knows_follows_who_waits_as_before(
    two: tuple[Board, Board], open_board: OpenBoard
) -> None:
    ann, bob = two
    cid = open_board()
    code = f"/groups/{ann.group_id}/join-code"
    role = f"/groups/{ann.group_id}/members/{bob.ask('/me', method='GET')['id']}"
    join = {"join_code": ann.ask(code, {"admission": "approval"})["join_code"]}

    ann.ask(role, {"role": "moderator"}, method="PUT")
    expect(bob.page.locator("#channel-settings")).to_be_visible()
    for given in "member", "moderator":
        ann.ask(role, {"role": given}, method="PUT")
    cid.ask("/users", {"username": "cid", "name": "Cid", "password": PASSWORD, **join})
    expect(bob.page.locator("#members-waiting")).to_have_text("1 waiting to be let in")


def test_who_waits_to_come_back_waits_on_when_an_old_post_of_hers_is_deleted(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    code = f"/groups/{ann.group_id}/join-code"
    join = ann.ask(code, {"admission": "approval"})["join_code"]
    bob_id = bob.ask("/me", method="GET")["id"]
    written = bob.ask(ann.posts_path, {"text": "The cake was a lie"})["id"]
    ann.ask(f"/posts/{written}/pin", method="PUT")
    bob.ask(f"/groups/{ann.group_id}/members/{bob_id}", method="DELETE")
    bob.ask("/me", {"name": "Robert"}, method="PATCH")
    expect(ann.page.locator("#pins")).to_contain_text("Robert")
    bob.ask("/memberships", {"join_code": join})
    waiting = ann.page.locator("#members-waiting")
    expect(waiting).to_have_text("1 waiting to be let in")
    ann.page.locator("#members").click()
    expect(ann.page.locator("#code")).to_have_text(join)
    ann.ask(f"/posts/{written}", method="DELETE")
    later = ann.join_code()
    expect(ann.page.locator("#code")).to_have_text(later)
    expect(waiting).to_have_text("1 waiting to be let in")


def test_the_first_score_of_a_channel_that_is_not_open_shows_when_it_is_opened(ann: Board) -> None:
    games = ann.ask(f"/groups/{ann.group_id}/channels", {"name": "games"})["id"]
    expect(ann.channel("games")).to_be_visible()
    ann.ask(f"/channels/{games}/scores", {"game": "snake", "points": 7})
    ann.to_channel("games")
    expect(ann.page.get_by_role("button", name="Scores")).to_be_visible()


def test_who_changes_one_thing_in_a_form_leaves_alone_what_others_have_changed(
    ann: Board,
) -> None:
    channel = ann.posts_path.removesuffix("/posts")
    ann.page.get_by_role("button", name="Group settings").click()
    ann.ask(f"/groups/{ann.group_id}", {"name": "Class of 2026"}, method="PATCH")
    expect(ann.page.locator("#about-group-title")).to_have_text("Class of 2026")
    ann.page.locator("#group-form").get_by_label("Description").fill("All of us")
    ann.page.locator("#group-form").get_by_role("button", name="Save").click()
    expect(ann.page.locator("#about-group")).to_be_hidden()
    ann.page.locator("#channel-settings").click()
    ann.ask(channel, {"description": "Anything"}, method="PATCH")
    expect(ann.page.locator("#channel-description")).to_have_text("Anything")
    ann.page.locator("#channel-form").get_by_label("Name").fill("news")
    ann.page.locator("#channel-form").get_by_role("button", name="Save").click()
    expect(ann.page.locator("#channel-name")).to_have_text("news")
    group = ann.ask(f"/groups/{ann.group_id}", method="GET")
    assert (group["name"], group["description"]) == ("Class of 2026", "All of us")
    assert ann.ask(channel, method="GET")["description"] == "Anything"


def test_older_posts_that_come_late_stay_in_their_channel(ann: Board) -> None:
    ann.ask(f"/groups/{ann.group_id}/channels", {"name": "news"})
    ann.write_many([f"Exercise {number}." for number in range(51)])  # a page and one
    expect(ann.post("Exercise 50.")).to_be_in_viewport()
    with ann.meanwhile("**/posts?*before=*", lambda: ann.to_channel("news")):
        ann.page.locator("#scroller").press("Home")
    ann.page.evaluate("fetch('/api/me')")
    expect(ann.page.locator("#posts > .post")).to_have_count(0)


def test_an_account_that_is_saved_before_it_is_shown_keeps_its_address(ann: Board) -> None:
    ann.ask("/me", {"email": "ann@example.org"}, method="PATCH")
    ann.page.route(
        "**/api/me",
        lambda route: route.abort() if route.request.method == "GET" else route.fallback(),
    )
    ann.go("/account")
    ann.page.locator("#account-name").fill("Anna")
    ann.page.locator("#profile-form").get_by_role("button", name="Save").click()
    expect(ann.page.locator("#notices")).to_contain_text("Your account has been changed.")
    me = ann.ask("/me", method="GET")
    assert (me["name"], me["email"]) == ("Anna", "ann@example.org")
