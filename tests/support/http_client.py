"""A client that is not ours, for real servers: plain HTTP, repeated until it is answered."""

import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any

from tests.support.people import PASSWORD
from tests.support.server import Server

ANSWERED_WITHIN_S = 40


@dataclass
class HttpClient:
    """Blocks: call it in a thread of its own."""

    server: Server
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of one answer; headers are named with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            named["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {**self.headers, **named})
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(raw) if raw else None

    def made(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The answer, which has to be a good one."""
        status, answer = self.ask(method, path, body, **headers)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def until_answered(self, method: str, path: str, body: object, key: str) -> Any:
        """As a good client does: the same request with its key until an answer comes."""
        deadline = time.monotonic() + ANSWERED_WITHIN_S
        while True:
            problem: object
            try:
                status, answer = self.ask(method, path, body, Idempotency_Key=key)
            except (OSError, http.client.HTTPException) as error:
                problem = error
            else:
                if status < 300:
                    return answer
                assert status in {503, 504}, f"{method} {path}: {status} {answer}"
                problem = answer
            assert time.monotonic() < deadline, f"not answered: {problem!r}"
            time.sleep(0.05)


def first_account(server: Server, username: str = "ann") -> HttpClient:
    """The administrator, by the printed link; signed in."""
    account = {"username": username, "name": username.title(), "password": PASSWORD}
    HttpClient(server).made("POST", "/api/users", {**account, "token": server.first_token()})
    return sign_in(server, username)


def sign_in(server: Server, username: str) -> HttpClient:
    form = {"username": username, "password": PASSWORD, "token": True}
    return HttpClient(server, HttpClient(server).made("POST", "/api/sessions", form)["token"])
