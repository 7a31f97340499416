"""The AsyncAPI document as the page of the documentation shows it."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import msgspec

Json = dict[str, Any]


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    is_optional: bool


@dataclass(frozen=True)
class Message:
    name: str
    sentences: list[str]
    fields: list[Field]
    example: str
    answers: list[str]
    """Names of what it is answered with."""
    asks: list[str]
    """Names of what it answers."""


@dataclass(frozen=True)
class Reference:
    channel: Json
    received: list[Message]
    sent: list[Message]


def reference(document: Json) -> Reference:
    """The messages in the order of their declaration: first to the server, then from it."""
    answers, asks = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    received = set()
    for operation in document["operations"].values():
        asked = [_name(message) for message in operation["messages"]]
        replies = [_name(message) for message in operation.get("reply", {}).get("messages", [])]
        received.update(asked if operation["action"] == "receive" else replies)
        for name in asked:
            answers[name] += replies
        for name in replies:
            asks[name] += asked
    messages, schemas = document["components"]["messages"], document["components"]["schemas"]
    shown = {
        key: Message(
            name=message["name"],
            sentences=[message[part] for part in ("summary", "description") if part in message],
            fields=_fields(schemas[key], schemas),
            example=_example(message),
            answers=[messages[name]["name"] for name in answers[key]],
            asks=[messages[name]["name"] for name in asks[key]],
        )
        for key, message in messages.items()
    }
    return Reference(
        channel=document["channels"]["live"],
        received=[message for key, message in shown.items() if key in received],
        sent=[message for key, message in shown.items() if key not in received],
    )


def _name(reference: Json) -> str:
    return str(reference["$ref"].rpartition("/")[2])


def _example(message: Json) -> str:
    payload = msgspec.json.encode(message["examples"][0]["payload"])
    return msgspec.json.format(payload, indent=0).decode()


def _fields(schema: Json, schemas: Json) -> list[Field]:
    return [
        Field(name, _type(described, schemas), name not in schema["required"])
        for name, described in schema["properties"].items()
        if name != "type"
    ]


def _type(schema: Json, schemas: Json) -> str:
    """A type in words, such as `string (1 to 64 characters) or null`."""
    match schema:
        case {"$ref": _}:
            words = f"{{{', '.join(schemas[_name(schema)]['properties'])}}}"
        case {"anyOf": choices}:
            words = " or ".join(_type(choice, schemas) for choice in choices)
        case {"enum": values}:
            words = " or ".join(f'"{value}"' for value in values)
        case {"type": "array", "items": items}:
            words = f"list of {_type(items, schemas)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            words = f"object of {_type(values, schemas)}"
        case {"type": "string", "minLength": least, "maxLength": most}:
            words = f"string ({least} to {most} characters)"
        case {"type": "string", "maxLength": most}:
            words = f"string (up to {most} characters)"
        case {"type": "integer", "minimum": least}:
            words = f"integer (from {least})"
        case _:
            words = schema.get("type", "any JSON")
    return words
