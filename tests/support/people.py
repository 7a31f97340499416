"""The cast of the tests, and how each of them asks: through the application's real door."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import Any

from quart import Quart
from quart.typing import TestClientProtocol
from werkzeug.datastructures import Headers

from model.channel import Channel, Kind, create_channel
from model.database.unit_of_work import Database, Transaction
from model.group import create_group
from model.join_code import accept_invitation, find_invitation, make_join_code
from model.session import find_caller, open_session
from model.user import Caller, ServerRole, create_user

PASSWORD = "correct horse battery"
# Of that password, the cheapest that Argon2 knows: real ones would take most of the time
PASSWORD_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$U7uinnd+oUB/lNczfIohMA$XCr4dCCIS+NcS78KNUJgTe6q02fFaPRcgaHJ0Tewgzs"
)


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Headers


@dataclass
class Visitor:
    """Somebody who asks without being signed in."""

    client: TestClientProtocol
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """`headers` are named with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent: dict[str, Any] = {}
        if body is not None:
            sent["data"] = body if isinstance(body, bytes) else json.dumps(body)
            named.setdefault("Content-Type", "application/json")
        response = await self.client.open(
            path, method=method, headers={**self.headers, **named}, **sent
        )
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError  # the application kept it for itself
        raw = await response.get_data(as_text=False)
        is_plain = "Content-Encoding" not in response.headers
        is_json = is_plain and response.mimetype in {"application/json", "application/problem+json"}
        return Answer(
            response.status_code, json.loads(raw) if raw and is_json else raw, response.headers
        )

    async def send_file(
        self,
        content: bytes,
        name: str = "notes.txt",
        media_type: str = "text/plain",
        *,
        path: str = "/api/files",
        method: str = "POST",
        **headers: str,
    ) -> Answer:
        """As a browser sends a form with the part `file`."""
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
        form = f"--form\r\n{head}\r\nContent-Type: {media_type}\r\n\r\n".encode()
        form += content + b"\r\n--form--\r\n"
        return await self.send_form(form, path=path, method=method, **headers)

    async def send_form(
        self, form: bytes, *, path: str = "/api/files", method: str = "POST", **headers: str
    ) -> Answer:
        """Its parts are divided by `--form`."""
        named = {"Content_Type": "multipart/form-data; boundary=form", **headers}
        return await self.ask(method, path, form, **named)

    async def upload(self, content: bytes, name: str = "notes.txt", **options: Any) -> Any:
        """The view of the file."""
        answer = await self.send_file(content, name, **options)
        assert answer.status == 201, answer.body
        return answer.body

    async def get(self, path: str, status: int = 200, **headers: str) -> Any:
        return await self._checked("GET", path, None, status, headers)

    async def post(self, path: str, body: object = None, status: int = 201, **headers: str) -> Any:
        return await self._checked("POST", path, body, status, headers)

    async def put(self, path: str, body: object = None, status: int = 200, **headers: str) -> Any:
        return await self._checked("PUT", path, body, status, headers)

    async def patch(self, path: str, body: object, status: int = 200, **headers: str) -> Any:
        return await self._checked("PATCH", path, body, status, headers)

    async def delete(self, path: str, status: int = 204, **headers: str) -> Any:
        return await self._checked("DELETE", path, None, status, headers)

    async def _checked(
        self, method: str, path: str, body: object, status: int, headers: dict[str, str]
    ) -> Any:
        answer = await self.ask(method, path, body, **headers)
        assert answer.status == status, f"{method} {path}: {answer.status} {answer.body}"
        return answer.body


@dataclass
class Person(Visitor):
    """Somebody who is signed in with a bearer token."""

    username: str = ""
    id: int = 0
    token: str = ""

    def before(self, app: Quart) -> "Person":
        """The same person, who asks another application."""
        return replace(self, client=app.test_client(use_cookies=False), headers=dict(self.headers))


async def sign_up(
    app: Quart,
    database: Database,
    username: str,
    role: ServerRole = ServerRole.MEMBER,
    *,
    email: str | None = None,
) -> Person:
    async with database.write() as db:
        user = await create_user(
            db, username, username.title(), PASSWORD_HASH, email=email, role=role
        )
        session = await open_session(db, user, "tests")
    headers = {"Authorization": f"Bearer {session.token}"}
    client = app.test_client(use_cookies=False)
    return Person(client, headers, username, user.id, session.token)


async def private_channel(db: Transaction) -> tuple[Caller, Caller, Channel]:
    """ann, bob and a private channel of ann's in a group to which both belong."""
    users = [await create_user(db, name, name.title(), "-") for name in ("ann", "bob")]
    tokens = [(await open_session(db, user, "tests")).token for user in users]
    ann, bob = [await find_caller(db, token) for token in tokens]
    assert ann
    assert bob
    group = await create_group(db, "class", "", by=ann)
    code = await make_join_code(db, group, by=ann)
    await accept_invitation(db, await find_invitation(db, code["join_code"] or ""), by=bob)
    return ann, bob, await create_channel(db, group, "secret", "", Kind.PRIVATE, by=ann)
