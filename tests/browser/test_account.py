"""Coming and going: registering, joining, signing out here and elsewhere."""

import json
import re

from playwright.sync_api import Route, expect

from tests.browser.board import Board, OpenBoard
from tests.support.people import PASSWORD
from tests.support.server import Server

SESSION = "**/api/sessions/current"


def test_the_first_account_makes_group_and_channel_and_another_joins_with_the_code(
    open_board: OpenBoard, server: Server
) -> None:
    ann, bob = open_board(), open_board()
    ann.go("/register")
    expect(ann.page.locator("#no-account")).to_contain_text("docker compose logs")
    expect(ann.page.locator("#register")).to_be_hidden()
    ann.register("ann", f"#first={server.first_token()}")  # in the same tab
    runs = ann.page.locator("#nothing").get_by_role("link", name="Administration")
    expect(runs).to_be_visible()  # on a phone, too
    ann.make_group("Class", "#nothing button")
    expect(ann.page.locator("#nothing")).to_contain_text("Create the first one")
    in_place = ann.page.locator("#main:focus, #main :focus")
    expect(in_place).to_have_count(1)  # what has opened the dialog is gone
    ann.make_channel("news", "Announcements", "#nothing button")
    expect(in_place).to_have_count(1)
    ann.page.get_by_role("button", name="Invite others").click()
    expect(ann.page.get_by_role("button", name="Invite with a join code")).to_be_visible()
    ann.page.keyboard.press("Escape")
    ann.write("Welcome")
    code = ann.make_code()
    warning = ann.page.locator("#code-for-nobody")
    expect(warning).to_contain_text(f"HOMEROOM_BIND=0.0.0.0:{server.port}")
    expect(warning).not_to_have_attribute("hidden", "")
    bob.register("bob")
    expect(bob.page.locator("#nothing")).to_contain_text("Join one with a code")
    bob.page.locator("#new-group").click()
    expect(bob.page.get_by_label("Join code")).to_be_focused()
    bob.page.get_by_label("Join code").fill(code.lower())
    bob.page.get_by_role("button", name="Join", exact=True).click()
    expect(bob.post("Welcome")).to_have_count(1)
    expect(bob.page.locator("#read-only")).to_be_visible()
    expect(bob.page.locator("#composer")).to_be_hidden()
    expect(ann.page.locator("#members-label")).to_have_text("2 members")


def test_a_link_is_for_others_and_works_in_a_tab_that_is_open_already(
    open_board: OpenBoard, server: Server
) -> None:
    ann, bob = open_board(), open_board()
    ann.arrive("ann", token=server.first_token(), founding=("Class", "general"))
    where = "http://192.0.2.7:8080"

    def say_where(route: Route) -> None:
        answer = route.fetch()
        told = {**answer.json(), "addresses": [where]} if answer.ok else None
        route.fulfill(response=answer, json=told)

    ann.page.route("**/join-code", say_where)
    link = f"{where}/register#join={ann.make_code()}"
    expect(ann.page.locator("#code-link")).to_have_text(link)
    expect(ann.page.locator("#code-for-others")).to_contain_text(where)
    expect(ann.page.locator("#code-for-nobody")).to_have_attribute("hidden", "")
    bob.go("/register#first=of-long-ago")
    expect(bob.page.locator("#first-is-made")).to_be_visible()
    bob.register("bob", link.removeprefix(f"{where}/register"))
    bob.opens("general")
    bob.go("/register")
    bob.go("/register#join=ANOTHER")
    expect(bob.page.get_by_label("Join code")).to_have_value("ANOTHER")
    expect(bob.page.get_by_label("Join code")).to_be_focused()


def test_every_wrong_field_is_named_beside_it(open_board: OpenBoard, server: Server) -> None:
    somebody = open_board()
    somebody.go(f"/register#first={server.first_token()}")
    somebody.page.get_by_label("Username").fill("a b")
    somebody.page.get_by_label("Password").fill("short")
    somebody.page.get_by_role("button", name="Create account").click()
    for label in ("Username", "Name", "Password"):
        field = somebody.page.get_by_label(label, exact=True)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile("2 to 39|at least"))
    expect(somebody.page.get_by_label("Username")).to_be_focused()
    create = somebody.page.get_by_role("button", name="Create account")
    wrong = {"code": "invalid", "fields": {"name": "It is odd.", "body": "It is no JSON."}}
    answers = [
        {"status": 400, "content_type": "application/problem+json", "body": json.dumps(wrong)},
        {"status": 502, "content_type": "text/html", "body": "<h1>Bad Gateway</h1>"},
    ]
    somebody.page.route("**/api/users", lambda route: route.fulfill(**answers.pop(0)))
    create.click()
    expect(somebody.page.get_by_label("Name", exact=True)).to_have_accessible_description(
        re.compile("It is odd")
    )
    expect(somebody.page.get_by_role("alert")).to_have_text("body: It is no JSON.")
    create.click()
    expect(somebody.page.get_by_role("alert")).to_contain_text(
        "a proxy, answers in its place (502)"
    )


def test_a_wrong_password_is_said_and_the_right_one_opens_the_board(
    open_board: OpenBoard, server: Server
) -> None:
    ann, again = open_board(), open_board()
    ann.arrive("ann", token=server.first_token())
    again.go("/board#group=1")
    expect(again.page).to_have_url(re.compile("/sign-in#group=1$"))
    expect(again.page.get_by_label("Username")).to_be_focused()
    password = again.page.get_by_label("Password")
    again.page.keyboard.type("Ann")
    password.fill("not this one")
    again.page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")
    expect(password).to_be_focused()
    again.page.keyboard.press("Enter")
    expect(again.page.get_by_role("alert")).to_contain_text("wrong")
    expect(password).to_have_attribute("type", "password")
    password.fill(PASSWORD)
    for key, verb in (("Tab", "Show"), ("Space", "Hide"), ("Enter", "Show")):
        again.page.keyboard.press(key)
        expect(again.page.get_by_role("button", name=f"{verb} password")).to_be_focused()
    again.page.get_by_role("main").get_by_role("button", name="Sign in").click()
    again.is_live()
    expect(again.page).to_have_url(re.compile("/board#group=1$"))


def test_who_has_guessed_too_often_is_told_in_the_form_for_how_long_to_wait(
    open_board: OpenBoard, server: Server
) -> None:
    guesser = open_board()
    guess = {"username": "ann", "password": "not this one"}
    for _ in range(10):
        guesser.context.request.post(f"{server.url}/api/sessions", data=guess)
    guesser.go("/sign-in")
    guesser.page.get_by_label("Username").fill("ann")
    guesser.page.get_by_label("Password").fill("not this one")
    guesser.page.keyboard.press("Enter")
    told = re.compile(r"Too many tries. Try again in \d+ seconds\.")
    expect(guesser.page.get_by_role("alert")).to_have_text(told)


def test_signing_out_empties_the_board_and_the_way_back_is_closed(
    open_board: OpenBoard, server: Server
) -> None:
    ann = open_board()
    ann.arrive("ann", token=server.first_token(), founding=("Class", "general"))
    ann.write("for us only")
    expect(ann.post("for us only")).to_have_count(1)
    other_tab = ann.context.new_page()
    ann.watch(other_tab)
    other_tab.goto(f"{server.url}/board")
    expect(other_tab.locator("#posts")).to_contain_text("for us only")
    told: list[bool] = []  # that somebody else has done it

    def hold_the_answer(route: Route) -> None:
        answer = route.fetch()
        expect(other_tab.locator("#signed-out")).to_be_visible()
        told.append(ann.page.locator("#signed-out").is_visible())
        route.fulfill(response=answer)

    ann.page.route(SESSION, hold_the_answer)
    ann.page.locator("#account").click()
    ann.page.locator("#sign-out").click()
    expect(ann.page).to_have_url(f"{server.url}/")
    assert told == [False]
    expect(ann.page.get_by_role("link", name="Sign in").first).to_be_visible()
    expect(other_tab.locator("#connection")).to_have_text("Signed out")
    expect(other_tab.locator("#posts > .post")).to_have_count(0)
    for key in ("Escape", "Escape", "/"):
        other_tab.keyboard.press(key)
    other_tab.evaluate("location.hash = '#group=1'")
    expect(other_tab.locator("#signed-out")).to_be_visible()
    expect(other_tab.locator("#search")).to_be_hidden()
    expect(other_tab.locator("#groups > li")).to_have_count(0)
    expect(other_tab.locator("#channel-name")).to_have_text("")
    ann.page.go_back()
    expect(ann.page.locator("body")).not_to_contain_text("for us only")
    ann.go("/board")
    expect(ann.page).to_have_url(re.compile("/sign-in$"))


def test_who_cannot_sign_out_goes_on(ann: Board) -> None:
    ann.page.route(SESSION, lambda route: route.abort())
    ann.page.locator("#account").click()
    ann.page.locator("#sign-out").click()
    expect(ann.page.locator(".notice")).to_have_text("The server cannot be reached right now.")
    ann.page.keyboard.press("Escape")
    ann.write("Still here")
    expect(ann.post("Still here")).to_have_count(1)


def test_signing_out_elsewhere_ends_the_other_browser_at_once(
    open_board: OpenBoard, server: Server
) -> None:
    here, there = open_board(), open_board()
    here.arrive("ann", token=server.first_token())
    there.sign_in("ann")
    here.go("/account")
    expect(here.page.locator("#sessions > li")).to_have_count(2)
    here.page.locator("#sign-out-elsewhere").click()
    expect(there.page.locator("#signed-out")).to_be_visible()
    expect(here.page.locator("#sessions > li")).to_have_count(1)
    here.go("/board")
    here.is_live()


def test_a_changed_name_is_at_once_beside_what_was_written(
    open_board: OpenBoard, server: Server
) -> None:
    ann, bob = open_board(), open_board()
    ann.arrive("ann", token=server.first_token(), founding=("Class", "general"))
    ann.write("Hello")
    bob.register("bob", f"#join={ann.make_code()}")
    expect(bob.post("Hello").locator(".author")).to_have_text("Ann")
    account = ann.open_account()
    account.get_by_label("Name", exact=True).first.fill("Anna Bell")
    account.get_by_role("button", name="Save").click()
    expect(bob.post("Hello").locator(".author")).to_have_text("Anna Bell")
    expect(ann.post("Hello").locator(".author")).to_have_text("Anna Bell")
    bob.ask(bob.posts_path, {"text": "Goodbye, @ann"})
    ann.act(ann.post("Goodbye"), "Reply")
    bob.ask("/me", {"name": "Bobby"}, method="PATCH")
    is_called(ann, "Bobby")
    bob_id = bob.ask("/me", method="GET")["id"]
    bob.ask(f"/groups/{ann.group_id}/members/{bob_id}", method="DELETE")
    expect(ann.page.locator("#members-label")).to_have_text("1 member")
    is_called(ann, "Bobby")
    bob.ask("/me", {"name": "Robert"}, method="PATCH")
    is_called(ann, "Robert")


def is_called(reader: Board, name: str) -> None:
    """Who has said goodbye: in the channel, in the thread, and where she is mentioned."""
    expect(reader.post("Goodbye").locator(".author")).to_have_text(name)
    expect(reader.page.locator("#thread-parent .author")).to_have_text(name)
    expect(reader.page.locator("#mentions .person")).to_contain_text(name)


def test_a_tab_in_which_somebody_else_has_signed_in_since_changes_nothing_of_hers(
    two: tuple[Board, Board],
) -> None:
    ann, bob = two
    account = ann.open_account()
    ann.sign_in("bob")
    account.get_by_label("Name", exact=True).first.fill("Anna")
    account.get_by_role("button", name="Save").click()
    expect(account.locator("#profile-form")).to_contain_text("Somebody else is signed in here now.")
    bob.page.reload()
    expect(bob.page.locator("#account")).to_contain_text("Bob")
