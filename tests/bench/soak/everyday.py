"""What a class does all day: it looks, writes, uploads, searches, plays, comes and goes."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote

import msgspec

from tests.bench.load import request
from tests.bench.soak.asker import Asker, every
from tests.bench.stage import SENTENCE
from tests.bench.subscriber import Subscriber
from tests.support.http_client import first_account, sign_in
from tests.support.people import PASSWORD
from tests.support.server import Server

PUPILS = ("bob", "cleo", "dan", "eva")
SOCKETS, STAYS_S = 12, (1.0, 5.0)
ME_EVERY_S, SAVE_EVERY_S, SEARCH_EVERY_S, POST_EVERY_S, UPLOAD_EVERY_S = 0.05, 0.1, 0.5, 0.5, 2.0
UPLOAD_BYTES = 200_000


@dataclass
class School:
    """Who is there: tokens by names, and the channel that all of them read."""

    port: int
    tokens: dict[str, str]
    channel_id: int
    answers: Counter[str] = field(default_factory=Counter)
    me_s: list[float] = field(default_factory=list)  # how long each look at oneself took

    @property
    def channel(self) -> str:
        return f"/api/channels/{self.channel_id}"

    def asker(self, name: str) -> Asker:
        return Asker(self.port, name, self.answers)


def found(server: Server, guests: Sequence[str]) -> School:
    """A group with one channel; the pupils and the guests are its members."""
    ann = first_account(server)
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    code = ann.made("POST", f"/api/groups/{group['id']}/join-code", {})["join_code"]
    tokens = {}
    for username in (*PUPILS, *guests):
        account = {"username": username, "name": username.title(), "password": PASSWORD}
        ann.made("POST", "/api/users", {**account, "join_code": code})
        member = sign_in(server, username)
        assert member.token
        tokens[username] = member.token
    return School(server.port, tokens, channel["id"])


def everyday(school: School) -> Iterator[Coroutine[Any, Any, None]]:
    for name in PUPILS:
        yield every(ME_EVERY_S, Pupil(school, name).look)
    yield every(SAVE_EVERY_S, Player(school, "bob").save)
    yield every(POST_EVERY_S, Writer(school, "cleo").write)
    yield every(SEARCH_EVERY_S, Searcher(school, "dan").search)
    yield every(UPLOAD_EVERY_S, Uploader(school, "eva").upload)
    for number in range(SOCKETS):
        yield every(0, Visitor(school, PUPILS[number % len(PUPILS)]).come_and_go)


class Person:
    """One who asks for one kind of thing."""

    def __init__(self, school: School, name: str) -> None:
        self.school, self.token = school, school.tokens[name]
        self.asker = school.asker(type(self).__name__.lower())


class Pupil(Person):
    async def look(self) -> None:
        asked = time.perf_counter()
        status, _ = await self.asker.ask(request("GET", "/api/me", self.token))
        if status:
            self.school.me_s.append(time.perf_counter() - asked)


class Player(Person):
    """Saves the same game again and again."""

    saves = count()

    async def save(self) -> None:
        game = {"score": next(self.saves), "board": [random.randrange(9) for _ in range(81)]}
        path = f"{self.school.channel}/documents/game"
        await self.asker.ask(request("PUT", path, self.token, game))


class Writer(Person):
    async def write(self) -> None:
        path = f"{self.school.channel}/posts"
        await self.asker.ask(request("POST", path, self.token, {"text": SENTENCE}))


class Searcher(Person):
    async def search(self) -> None:
        await self.asker.ask(request("GET", f"/api/search?q={quote('centre table')}", self.token))


class Uploader(Person):
    """Uploads a file and deletes it: the quota is never reached."""

    async def upload(self) -> None:
        status, body = await self.asker.ask(upload(self.token, random.randbytes(UPLOAD_BYTES)))
        if status == 201:
            path = f"/api/files/{msgspec.json.decode(body)['id']}"
            await self.asker.ask(request("DELETE", path, self.token))


class Visitor(Person):
    """Follows the channel for some seconds; leaves without a word."""

    async def come_and_go(self) -> None:
        socket = Subscriber()
        try:
            await socket.open(self.school.port)
            await socket.follow(f"channel:{self.school.channel_id}", self.token)
            await asyncio.sleep(random.uniform(*STAYS_S))
            self.school.answers["events received"] += socket.count
        finally:
            socket.close()


def upload(token: str, content: bytes) -> bytes:
    part = b'--form\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    form = part + content + b"\r\n--form--\r\n"
    headers = {"Content_Type": "multipart/form-data; boundary=form"}
    return request("POST", "/api/files", token, Content_Length=str(len(form)), **headers) + form
