"""The AsyncAPI document and its page: complete, valid, and true of what is said on the wire.

`schemas/asyncapi-3.0.0.json` is the official schema, `schemas/3.0.0-without-$id.json` of the npm
package @asyncapi/specs 6.11.1, unchanged; its LICENSE (Apache 2.0) and NOTICE are beside it.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema_rs import Draft7Validator

from api.live.protocol import ClientMessage, Close, ServerMessage, parse
from api.settings import Settings
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.people import Visitor
from tests.support.references import look_up, references

OFFICIAL = Path(__file__).parent / "schemas" / "asyncapi-3.0.0.json"
CLIENT_KINDS: tuple[type[msgspec.Struct], ...] = ClientMessage.__args__
SERVER_KINDS: tuple[type[msgspec.Struct], ...] = ServerMessage.__args__
NOT_OURS = {1006, 1009}  # close codes of the network and of the WebSocket itself

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the same on both


@pytest.fixture
async def document(visitor: Visitor) -> Any:
    return await visitor.get("/asyncapi.json")


def messages_of(document: Any, action: str) -> list[Any]:
    """What is received, or sent, asked and unasked; each once."""
    found: dict[str, Any] = {}
    for operation in document["operations"].values():
        replies = operation.get("reply", {}).get("messages", [])
        for pointer in operation["messages"] if operation["action"] == action else replies:
            found[pointer["$ref"]] = look_up(document, look_up(document, pointer))
    return list(found.values())


def validator(document: Any, *messages: Any) -> Draft7Validator:
    """Of one of the messages."""
    payloads = [message["payload"] for message in messages]
    return Draft7Validator({"anyOf": payloads, "components": document["components"]})


def test_the_document_is_valid_asyncapi(document: Any) -> None:
    official = Draft7Validator(json.loads(OFFICIAL.read_text()))
    assert [error.message for error in official.iter_errors(document)] == []
    assert not official.is_valid({**document, "operations": {"hello": {"action": "say"}}})
    for pointer in references(document):
        assert look_up(document, pointer), pointer
    for pointer in references(document["operations"]):
        assert pointer["$ref"].startswith("#/channels/live"), pointer


@pytest.mark.parametrize(("action", "kinds"), [("receive", CLIENT_KINDS), ("send", SERVER_KINDS)])
def test_every_declared_message_is_received_or_sent(
    document: Any, action: str, kinds: tuple[type[msgspec.Struct], ...]
) -> None:
    declared = sorted(str(kind.__struct_config__.tag) for kind in kinds)
    assert sorted(message["name"] for message in messages_of(document, action)) == declared
    assert len(document["components"]["messages"]) == len({*CLIENT_KINDS, *SERVER_KINDS})


def test_a_payload_has_the_fields_that_are_on_the_wire(document: Any) -> None:
    for kind in (*CLIENT_KINDS, *SERVER_KINDS):
        schema = document["components"]["schemas"][kind.__name__]
        declared = msgspec.structs.fields(kind)
        named = {"type", *(field.encode_name for field in declared)}
        required = {"type", *(field.encode_name for field in declared if field.required)}
        assert (schema["properties"].keys(), set(schema["required"])) == (named, required), kind
        assert schema["properties"]["type"] == {"enum": [kind.__struct_config__.tag]}
        is_closed = schema.get("additionalProperties") is False
        assert is_closed is (kind in CLIENT_KINDS), "clients ignore fields that they do not know"


def test_every_example_is_what_it_is_an_example_of(document: Any) -> None:
    for action, kinds in (("receive", CLIENT_KINDS), ("send", SERVER_KINDS)):
        by_tag = {kind.__struct_config__.tag: kind for kind in kinds}
        for message in messages_of(document, action):
            kind = by_tag[message["name"]]
            (example,) = message["examples"]
            validator(document, message).validate(example["payload"])
            assert not validator(document, message).is_valid({**example["payload"], "type": "?"})
            text = json.dumps(example["payload"])
            is_ours = action == "send"
            parsed = msgspec.json.decode(text, type=kind) if is_ours else parse(text)
            assert type(parsed) is kind, message["name"]


def test_every_close_code_says_what_a_client_does(document: Any) -> None:
    codes = document["channels"]["live"]["x-close-codes"]
    assert {int(code) for code in codes} == {*Close, *NOT_OURS}
    assert all(close["meaning"] and close["client"] for close in codes.values())


@pytest.mark.parametrize("changed_settings", [{"live_topics": 7, "public_url": "https://h.test"}])
def test_limits_and_server_are_those_of_the_settings(document: Any, settings: Settings) -> None:
    assert document["channels"]["live"]["x-limits"]["topics"]["value"] == settings.live_topics
    server = document["servers"]["here"]
    assert (server["protocol"], server["variables"]["host"]["default"]) == ("wss", "h.test")


async def test_what_the_server_says_is_as_documented(document: Any, people: Cast, url: str) -> None:
    """Each frame is one of the messages, each answer one of those documented for its command."""
    topic = f"channel:{people.channel['id']}"
    await people.ann.post(f"/api/channels/{people.channel['id']}/posts", {"text": "Good morning!"})
    said: list[dict[str, Any]] = [
        {"type": "hello", "id": "hello", "token": people.bob.token, "topics": {topic: 0}},
        {"type": "signal", "topic": topic, "name": "typing"},
        {"type": "token", "id": "token", "token": people.bob.token},
        {"type": "subscribe", "id": "subscribe", "topic": topic},
        {"type": "unsubscribe", "id": "unsubscribe", "topic": topic},
        {"type": "unsubscribe", "id": "unsubscribe again", "topic": topic},
        {"type": "ping"},
    ]
    async with LiveClient(url, people.ann.token) as ann, LiveClient(url) as bob:
        await ann.hello(topics={topic: 0})
        await bob.send(**said[0])
        await bob.event(topic, 1)
        await ann.until(lambda message: message["type"] == "presence")
        await bob.send(**said[1])
        await ann.until(lambda message: message["type"] == "signal")
        for command in said[2:]:
            await bob.send(**command)
        await bob.until(lambda message: message["type"] == "pong")
        await bob.subscribe("channel:999999")
    sent = validator(document, *messages_of(document, "send"))
    for message in (*ann.messages, *bob.messages):
        sent.validate(message)
    for command in said:
        replies = document["operations"][command["type"]]["reply"]["messages"]
        names = {look_up(document, look_up(document, reply))["name"] for reply in replies}
        answers = [m["type"] for m in bob.messages if m.get("id") == command.get("id", "none")]
        assert set(answers) <= names
        assert answers or command["type"] in {"ping", "signal"}, command
    heard = {message["type"] for message in bob.messages}
    assert heard >= {"welcome", "subscribed", "event", "renewed", "unsubscribed", "error", "pong"}


async def test_who_has_the_document_is_told_so(visitor: Visitor) -> None:
    first = await visitor.ask("GET", "/asyncapi.json")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = await visitor.ask("GET", "/asyncapi.json", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    openapi = await visitor.ask("GET", "/openapi.json", If_None_Match=first.headers["ETag"])
    assert openapi.status == 200, "the documents are not taken for each other"


async def test_the_page_shows_every_message_code_and_limit_without_a_script(
    visitor: Visitor, document: Any
) -> None:
    page = (await visitor.get("/docs")).decode()
    for action, way in (("receive", "to"), ("send", "from")):
        for message in messages_of(document, action):
            assert page.count(f'id="{way}-{message["name"]}"') == 1, message["name"]
    channel = document["channels"]["live"]
    for code in channel["x-close-codes"]:
        assert f"<code>{code}</code>" in page
    for limit in channel["x-limits"].values():
        assert f"{limit['value']:,}</td>" in page
    for part in page.split('href="#')[1:]:
        anchor = part.partition('"')[0]
        assert f'id="{anchor}"' in page, "what is linked to is there"
    assert 'href="/asyncapi.json"' in page
    assert 'href="/openapi.json"' in page
