"""What a person does in front of the pages, and what she sees there."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Route, expect

from tests.support.people import PASSWORD
from tests.support.server import Server
from tests.support.waiting import within

A_MOMENT, A_MINUTE = timedelta(seconds=5), timedelta(minutes=1)
SEEN_WITHIN_MS = 15_000  # on slow machines

expect.set_options(timeout=SEEN_WITHIN_MS)


@dataclass
class Board:
    context: BrowserContext
    server: Server
    complaints: list[str] = field(default_factory=list)
    group_id: int = 0
    has_a_clock: bool = False

    def __post_init__(self) -> None:
        self.context.set_default_timeout(SEEN_WITHIN_MS)
        self.page = self.context.new_page()
        self.watch(self.page)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        """A server that is away or refuses is no fault of the page."""
        expected = message.text.startswith(("Failed to load resource", "WebSocket connection to"))
        if message.type in {"error", "warning"} and not expected:
            self.complaints.append(message.text)

    # Coming and going

    def go(self, path: str) -> None:
        self.page.goto(self.server.url + path)

    def arrive(self, username: str, *, founding: Sequence[str] = (), **how: str) -> None:
        """With an account made just now: by the printed `token`, or with a `join_code`.

        `founding` are the names of a group and of its channels, of which the first is open.
        """
        account = {"username": username, "name": username.title(), "password": PASSWORD}
        self.ask("/users", {**account, **how})
        if founding:
            group, *channels = founding
            self.group_id = self.ask("/groups", {"name": group})["id"]
            for name in channels:
                self.ask(f"/groups/{self.group_id}/channels", {"name": name})
        self.go("/board")
        self.is_live()
        if founding:
            self.opens(channels[0])

    def join_code(self) -> str:
        """Of the group that she has founded."""
        return str(self.ask(f"/groups/{self.group_id}/join-code", {})["join_code"])

    def opens(self, channel: str) -> None:
        """The channel is there, and followed."""
        expect(self.page.locator("#channel-name")).to_have_text(channel)
        self.is_live()

    @property
    def posts_path(self) -> str:
        """Of the open channel, below `/api`."""
        (channel_id,) = re.findall(r"channel=(\d+)", self.page.url)
        return f"/channels/{channel_id}/posts"

    def ask(
        self, path: str, body: object = None, *, method: str = "POST", key: str | None = None
    ) -> Any:
        """What a form of the page would send, without the page."""
        headers = {"Origin": self.server.url} | ({"Idempotency-Key": key} if key else {})
        answer = self.context.request.fetch(
            f"{self.server.url}/api{path}", method=method, data=body, headers=headers
        )
        assert answer.ok, answer.text()
        return answer.json() if answer.body() else None

    @contextmanager
    def meanwhile(self, path: str, happen: Callable[[], object]) -> Iterator[None]:
        """Let something happen once after the server has answered, and before the page knows.

        At the end the page has been answered.
        """
        answered: list[Route] = []

        def answer_late(route: Route) -> None:
            answer = route.fetch()
            happen()
            route.fulfill(response=answer)
            answered.append(route)

        def is_answered() -> bool:
            self.page.wait_for_timeout(10)  # or nothing would be answered
            return bool(answered)

        self.page.route(path, answer_late, times=1)
        yield
        assert within(SEEN_WITHIN_MS / 1000, is_answered)

    @contextmanager
    def away(self) -> Iterator[None]:
        """The page is elsewhere: to draw a hundred things, each as it comes, takes seconds."""
        address = self.page.url
        self.page.goto("about:blank")
        yield
        self.page.goto(address)
        self.is_live()

    def register(self, username: str, fragment: str = "") -> None:
        self.go(f"/register{fragment}")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Name", exact=True).fill(username.title())
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Create account").click()
        self.page.wait_for_url(re.compile("/board"))
        self.is_live()

    def sign_in(self, username: str) -> None:
        self.go("/sign-in")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(re.compile("/board"))
        self.is_live()

    def open_account(self) -> Page:
        """Her account, in another tab."""
        page = self.context.new_page()
        self.watch(page)
        page.goto(f"{self.server.url}/account")
        expect(page.locator("#sessions > li").first).to_be_visible()
        return page

    def is_back(self) -> None:
        """Whatever lay over the page is closed, in its history as well."""
        assert within(10, lambda: bool(self.page.evaluate("!history.state?.layers")))

    def is_live(self) -> None:
        expect(self.connection).to_have_text("Live")

    @property
    def connection(self) -> Locator:
        return self.page.locator("#connection")

    def install_a_clock(self) -> None:
        """One that can be stopped, for whatever is loaded from now on in this browser."""
        self.page.clock.install()
        self.has_a_clock = True

    def get_a_clock(self) -> None:
        self.install_a_clock()
        self.page.reload()
        self.is_live()
        expect(self.here).to_be_visible()

    def stop_the_clock(self) -> None:
        """Nothing on the page passes by itself from now on. It does not seem to have slept."""
        self.page.clock.pause_at(datetime.now(UTC) + A_MOMENT)

    # Others

    @property
    def here(self) -> Locator:
        return self.page.locator("#here .here-names")

    @property
    def typing(self) -> Locator:
        return self.page.locator("#typing .typing-shown")

    # Groups and channels

    def make_group(self, name: str, opener: str = "#new-group") -> None:
        self.page.locator(opener).click()
        form = self.page.locator("#make-group")
        form.get_by_label("Name").fill(name)
        form.get_by_role("button", name="Create group").click()
        expect(form).to_be_hidden()  # the list may be ahead of the answer
        expect(self.page.locator("#groups [aria-current]")).to_have_text(name)

    def make_channel(self, name: str, kind: str = "Open", opener: str = "#new-channel") -> None:
        self.page.locator(opener).click()
        form = self.page.locator("#channel-form")
        form.get_by_label("Name").fill(name)
        form.get_by_role("radio", name=kind).check()
        form.get_by_role("button", name="Create channel").click()
        expect(form).to_be_hidden()  # the list may be ahead of the answer
        expect(self.page.locator("#channel-name")).to_have_text(name)

    def make_code(self) -> str:
        self.page.locator("#members").click()
        self.page.get_by_role("button", name="Invite with a join code").click()
        code = self.page.locator("#code")
        expect(code).to_have_text(re.compile(r"^\w{10}$"))
        self.page.locator("#members-dialog").get_by_role("button", name="Close").click()
        return code.inner_text()

    def to_channel(self, name: str) -> None:
        self.channel(name).click()
        expect(self.page.locator("#channel-name")).to_have_text(name)

    def channel(self, name: str) -> Locator:
        return self.page.locator("#channels li").filter(has_text=name).locator("a")

    # Posts

    def write(self, text: str) -> None:
        composer = self.page.locator("#text")
        composer.fill(text)
        composer.press("Enter")

    def write_many(self, texts: Sequence[str]) -> list[int]:
        """Posts in the open channel, while nobody looks; their ids."""
        path = self.posts_path
        with self.away():
            return [int(self.ask(path, {"text": text})["id"]) for text in texts]

    def post(self, text: str) -> Locator:
        return self.page.locator("#posts > .post").filter(has_text=text)

    def reply_in_thread(self, text: str) -> Locator:
        return self.page.locator("#replies > .post").filter(has_text=text)

    def act(self, post: Locator, name: str) -> None:
        post.hover()
        post.get_by_role("button", name=name, exact=True).click()

    def shows(self, texts: list[str]) -> None:
        expect(self.page.locator("#posts > .post .text")).to_have_text(texts)

    def texts(self) -> list[str]:
        """What is there now; compare it with `shows`, which waits for the other screen."""
        return self.page.locator("#posts > .post .text").all_inner_texts()


OpenBoard = Callable[[], Board]


def joined(open_board: OpenBoard, ann: Board) -> Board:
    """bob, who has come into the group that ann owns, and looks at its channel."""
    bob = open_board()
    bob.arrive("bob", join_code=ann.join_code())
    bob.opens("general")
    return bob
