"""The AsyncAPI document of `/api/live`, made from the declared messages.

Shapes, fields, limits of fields and sentences come from the declarations; what they cannot say
stands here and in examples.py.
"""

from inspect import cleandoc
from typing import Any
from urllib.parse import urlsplit

import msgspec

from api.docs.examples import ANSWERS, EXAMPLES, UNASKED, Kind
from api.live.clock import EXPIRY_GRACE_S, GONE_AFTER_S, HELLO_WITHIN_S, PING_AFTER_S
from api.live.protocol import (
    MAX_FRAME_BYTES,
    MAX_SIGNAL_BYTES,
    ClientMessage,
    Close,
    Pong,
    ServerMessage,
    ServerPing,
)
from api.middleware.cookies import ON_HTTP, ON_HTTPS
from api.settings import Settings

Json = dict[str, Any]

CLIENT_MESSAGES: tuple[Kind, ...] = ClientMessage.__args__
SERVER_MESSAGES: tuple[Kind, ...] = ServerMessage.__args__

CLOSING: dict[int, tuple[str, str]] = {
    1006: ("The network was cut, or you took nothing for 20 s.", "Reconnect and resume."),
    1009: ("A frame of more than 256 KiB.", "Do not repeat it."),
    Close.BUG: ("A bug of the server.", "Reconnect; back off."),
    Close.RESTART: (
        "A restart, a deployment, or a worker that cannot read its database.",
        "Reconnect after `retry_after` of `bye`.",
    ),
    Close.NOT_THE_PROTOCOL: ("Not the protocol.", "Do not reconnect."),
    Close.NOT_SIGNED_IN: ("Not signed in, or not any more.", "Sign in, then reconnect."),
    Close.ORIGIN_NOT_ALLOWED: (
        "The page's origin is not allowed to use the cookie.",
        "Do not reconnect.",
    ),
    Close.NO_SIGN_OF_LIFE: ("No sign of life.", "Reconnect and resume."),
    Close.MESSAGE_TOO_LARGE: ("The message is too large.", "Do not repeat it."),
    Close.TOO_MANY: ("Too many connections or messages.", "Reconnect; back off."),
}

DESCRIPTION = """\
What happens on a Homeroom server, over one WebSocket: for each topic that you follow and may read
**every event, once, in order**, across lost connections and restarts. Where that cannot be kept,
the server says so with `reset`; it never skips in silence. Signals and presence are best effort.
"""
CONNECTION = """\
Text frames of JSON, each with a `type`. A frame from a client is one message; a frame from the
server is one message or an array of them, to be taken in order. Ignore messages that you do not
know, and fields too. Times are RFC 3339 in UTC.

Say `hello` first, with the `live` of a list that the API answered: every event behind it follows.
Remember the last `seq` of each topic; after a lost connection say `hello` with them, and with the
`epoch` of `welcome`. Answers carry the `id` of their command. A refusal is told in words: the
server accepts the connection, says `error` and `bye`, then closes with a code.
"""
STREAM = """\
Only without a WebSocket (`Accept: text/event-stream`): the same messages as Server-Sent Events.
"""


def describe(settings: Settings, version: str) -> Json:
    """The document in AsyncAPI 3.0: what the server receives and what it sends."""
    _, schemas = msgspec.json.schema_components(
        (*CLIENT_MESSAGES, *SERVER_MESSAGES),
        ref_template="#/components/schemas/{name}",
    )
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Homeroom", "version": version, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {"here": _server(settings)},
        "channels": {"live": _channel(settings)},
        "operations": _operations(),
        "components": {
            "messages": {
                kind.__name__: _message(kind, way)
                for kinds, way in ((CLIENT_MESSAGES, "to"), (SERVER_MESSAGES, "from"))
                for kind in kinds
            },
            "schemas": schemas,
            "securitySchemes": _security_schemes(),
            "correlationIds": {
                "id": {
                    "description": "An answer carries the `id` of its command.",
                    "location": "$message.payload#/id",
                }
            },
        },
    }


def _server(settings: Settings) -> Json:
    address = urlsplit(settings.url)
    return {
        "host": "{host}",
        "protocol": "wss" if address.scheme == "https" else "ws",
        "description": "The server that this document comes from; `wss` where it speaks https.",
        "variables": {
            "host": {
                "default": address.netloc,
                "description": "Host and port, the same as those of this document.",
            }
        },
        "security": [_to("components/securitySchemes", name) for name in _security_schemes()],
    }


def _security_schemes() -> Json:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "In the field `token` of `hello`: browsers send no header of yours.",
        },
        "cookie": {
            "type": "httpApiKey",
            "name": f"{ON_HTTP.beginning}-8080",
            "in": "cookie",
            "description": (
                f"With the port of the address; on https `{ON_HTTPS.beginning}-443`."
                " It counts from an allowed Origin only."
            ),
        },
    }


def _channel(settings: Settings) -> Json:
    topic = {"type": "array", "items": {"type": "string"}, "description": STREAM}
    watch = {"type": "string", "enum": ["1"], "description": f"As `watch`. {STREAM}"}
    return {
        "address": "/api/live",
        "title": "Live updates",
        "description": CONNECTION,
        "messages": {
            kind.__name__: _to("components/messages", kind.__name__)
            for kind in (*CLIENT_MESSAGES, *SERVER_MESSAGES)
        },
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {"type": "object", "properties": {"topic": topic, "watch": watch}},
                "bindingVersion": "0.1.0",
            }
        },
        "x-close-codes": {
            str(int(code)): {"meaning": meaning, "client": client}
            for code, (meaning, client) in sorted(CLOSING.items())
        },
        "x-limits": {
            name: {"value": value, "description": description}
            for name, value, description in _limits(settings)
        },
    }


def _limits(settings: Settings) -> list[tuple[str, int, str]]:
    return [
        ("hello_within_s", HELLO_WITHIN_S, "Seconds until `hello` must have been said."),
        ("heartbeat_s", PING_AFTER_S, "Seconds of your silence after which the server pings."),
        ("gone_after_s", GONE_AFTER_S, "Seconds of your silence after which it closes."),
        ("grace_s", EXPIRY_GRACE_S, "Seconds for a new `token` once the sign-in has expired."),
        ("frame_bytes", MAX_FRAME_BYTES, "Bytes of a frame to the server."),
        ("signal_bytes", MAX_SIGNAL_BYTES, "Bytes of the `data` of a signal."),
        ("topics", settings.live_topics, "Topics of a connection."),
        ("connections", settings.live_connections, "Connections of one user at a worker."),
        ("commands_burst", settings.live_commands_burst, "Commands at once."),
        ("commands_per_s", settings.live_commands_per_s, "Commands a second, sustained."),
        ("signals_burst", settings.live_signals_burst, "Signals at once; others are dropped."),
        ("signals_per_s", settings.live_signals_per_s, "Signals a second, sustained."),
        ("replay_events", settings.live_replay_events, "Events replayed; more is a `reset`."),
    ]


def _operations() -> Json:
    """One operation for each message of a client, with its answers, and one for what is unasked."""
    received = {
        tag_of(kind): {
            **_operation("receive", kind),
            "reply": {"channel": _to("channels", "live"), "messages": _in_channel(*answers)},
        }
        for kind, answers in ANSWERS.items()
    }
    return {
        **received,
        "updates": {
            **_operation("send", *UNASKED),
            "summary": "What comes unasked: what happens, and what becomes of subscriptions.",
        },
        "heartbeat": {
            **_operation("send", ServerPing),
            "summary": "After silence, to see whether the client lives.",
            "reply": {"channel": _to("channels", "live"), "messages": _in_channel(Pong)},
        },
    }


def _operation(action: str, *kinds: Kind) -> Json:
    channel = _to("channels", "live")
    return {"action": action, "channel": channel, "messages": _in_channel(*kinds)}


def _in_channel(*kinds: Kind) -> list[Json]:
    return [_to("channels/live/messages", kind.__name__) for kind in kinds]


def _message(kind: Kind, way: str) -> Json:
    message: Json = {"name": tag_of(kind), "title": f"{tag_of(kind)} {way} the server"}
    summary, _, description = cleandoc(kind.__doc__ or "").partition("\n\n")
    if summary:
        message["summary"] = summary
    if description:
        message["description"] = description
    if "id" in kind.__struct_fields__:
        message["correlationId"] = _to("components/correlationIds", "id")
    example = msgspec.json.decode(msgspec.json.encode(EXAMPLES[kind]))
    message["payload"] = _to("components/schemas", kind.__name__)
    message["examples"] = [{"payload": example}]
    return message


def tag_of(kind: Kind) -> str:
    return str(kind.__struct_config__.tag)


def _to(where: str, name: str) -> Json:
    return {"$ref": f"#/{where}/{name}"}
