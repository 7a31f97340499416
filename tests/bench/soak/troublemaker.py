"""One member who asks for whatever costs much, as often as the server lets him, all at once."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import quote

from tests.bench.load import request
from tests.bench.soak.asker import every
from tests.bench.soak.everyday import School, upload

NAME = "mallory"
SEARCHERS, STRANGERS, HELD_UPLOADS = 12, 10, 20
AT_ONCE_S, NOW_AND_THEN_S, BYTE_EVERY_S = 0.02, 1.0, 5.0
SAME_LETTER, AS_MUCH_AS_IS_TAKEN = " ".join("a" * 99), " ".join("a" * 40)
MARKS = "a" + "\u0301" * 3000
CODE_MARKS = "`a" * 1999
UNKNOWN_FIELDS = json.dumps({f"k{number:x}": 0 for number in range(70_000)}).encode()
DOCUMENT = {"text": "x" * 60_000}


def trouble(school: School) -> Iterator[Coroutine[Any, Any, None]]:
    token, numbers = school.tokens[NAME], count()

    def asking(name: str, ask: Any, pause_s: float) -> Coroutine[Any, Any, None]:
        asker = school.asker(f"{NAME} {name}")
        return every(pause_s, lambda: asker.ask(ask()))

    def write(text: str) -> bytes:
        return request("POST", f"{school.channel}/posts", token, {"text": text})

    def search(words: str) -> bytes:
        return request("GET", f"/api/search?q={quote(words)}", token)

    def save(key: object) -> bytes:
        return request("PUT", f"{school.channel}/documents/{key}", token, DOCUMENT)

    yield asking("saves one document", lambda: save("mine"), AT_ONCE_S)
    yield asking("saves new documents", lambda: save(f"mine/{next(numbers)}"), AT_ONCE_S)
    yield asking("writes one letter", lambda: write(SAME_LETTER * 20), NOW_AND_THEN_S)
    yield asking("writes marks", lambda: write(MARKS), NOW_AND_THEN_S)
    yield asking("writes code marks", lambda: write(CODE_MARKS), NOW_AND_THEN_S)
    for phrase in [SAME_LETTER, AS_MUCH_AS_IS_TAKEN] * (SEARCHERS // 2):
        yield asking(f"searches {len(phrase)}", partial(search, f'"{phrase}"'), AT_ONCE_S)
    for _ in range(SEARCHERS // 2):
        yield asking("searches marks", partial(search, MARKS[:1500]), AT_ONCE_S)
    for _ in range(STRANGERS):
        yield asking("signs in with any fields", unknown_fields, NOW_AND_THEN_S)
    for _ in range(HELD_UPLOADS):
        yield every(NOW_AND_THEN_S, HeldUpload(school).hold)


def unknown_fields() -> bytes:
    headers = {"Content_Type": "application/json", "Content_Length": str(len(UNKNOWN_FIELDS))}
    return request("POST", "/api/sessions", **headers) + UNKNOWN_FIELDS


class HeldUpload:
    """An upload of a megabyte whose last part comes byte by byte."""

    def __init__(self, school: School) -> None:
        self.school, self.token = school, school.tokens[NAME]

    async def hold(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.school.port)
        try:
            whole = upload(self.token, bytes(1_000_000))
            writer.write(whole[:-1000])
            answering = asyncio.create_task(reader.read(12))
            for at in range(len(whole) - 1000, len(whole)):
                if answering in (await asyncio.wait({answering}, timeout=BYTE_EVERY_S))[0]:
                    break
                writer.write(whole[at : at + 1])
            status = (await answering)[9:12].decode()
            self.school.answers[f"{NAME} holds uploads {status or 'lost'}"] += 1
        finally:
            writer.close()
