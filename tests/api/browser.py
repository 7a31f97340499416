"""A browser, or anything else that does not behave like our own client."""

import json
from dataclasses import dataclass, field
from typing import Any

from quart import Quart

from tests.support.people import Answer, Visitor

SESSION = "homeroom-80"  # the cookie that signs in on http://localhost


@dataclass
class Browser(Visitor):
    """Keeps the cookies that it is given and sends them all back, from one address."""

    scheme: str = "http"
    address: str = "192.0.2.1"
    cookies: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """As a visitor does; a body of bytes is sent as it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            named["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent: dict[str, Any] = {}
        if body is not None:
            sent["data"] = body if isinstance(body, bytes) else json.dumps(body)
            named.setdefault("Content-Type", "application/json")
        response = await self.client.open(
            path,
            method=method,
            headers={**self.headers, **named},
            scheme=self.scheme,
            scope_base={"client": (self.address, 50_000)},
            **sent,
        )
        for cookie in response.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        raw = await response.get_data(as_text=False)
        is_json = response.mimetype in {"application/json", "application/problem+json"}
        answered = json.loads(raw) if raw and is_json else raw
        return Answer(response.status_code, answered, response.headers)


def browser(app: Quart, **fields: Any) -> Browser:
    return Browser(app.test_client(use_cookies=False), **fields)


def problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The answer, which has to be this problem in the one shape that all errors have."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json", answer
    assert isinstance(answer.body, dict)
    assert answer.body.keys() - {"fields"} == {
        "type", "title", "status", "code", "detail", "request_id",
    }  # fmt: skip
    assert (answer.body["status"], answer.body["code"]) == (status, code), answer.body
    assert answer.body["request_id"] == answer.headers["X-Request-Id"]
    assert answer.body["detail"]
    return answer.body
