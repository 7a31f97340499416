"""What the commands of a live connection do; they are carried out one after another."""

import secrets
from collections.abc import Mapping
from typing import Protocol

from api.context import Services
from api.live.protocol import (
    ClientMessage,
    Close,
    Error,
    Hello,
    Id,
    Ping,
    ResetMessage,
    ServerMessage,
    ServerPong,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    Welcome,
)
from model.db import Transaction
from model.event import RIGHTS
from model.feed import Feed
from model.position import stand
from model.session import find_caller
from model.subscription import Joined, Reader, Reset
from model.user import Caller, person

PING_AFTER_S = 25
MAX_FRAME_BYTES = 64 * 1024


class Client(Reader, Protocol):
    """A live connection, as its commands see it."""

    services: Services
    feed: Feed
    cookie: str | None
    is_foreign: bool
    has_spoken: bool
    caller: Caller | None
    code: Close | None

    def put(self, message: ServerMessage) -> None: ...
    def close(self, code: Close, problem: str | None = None, detail: str = "") -> None: ...


async def carry_out(message: ClientMessage, client: Client) -> None:
    client.has_spoken = True
    match message:
        case Hello() if client.caller is None:
            await sign_in(message, client)
        case Hello():
            client.put(Error("greeted_already", "Say hello once.", message.id))
        case _ if client.caller is None:
            client.close(Close.NOT_SIGNED_IN, "not_signed_in", "Say hello first.")
        case Subscribe():
            await subscribe({message.topic: message.after}, None, message.id, client)
        case Unsubscribe():
            unsubscribe(message, client)
        case Ping():
            client.put(ServerPong())


async def sign_in(hello: Hello, client: Client) -> None:
    if client.is_foreign and not hello.token:
        detail = "This page may not use your cookie: its origin is not known."
        return client.close(Close.ORIGIN_NOT_ALLOWED, "origin_not_allowed", detail)
    token = hello.token or client.cookie or ""

    async def judge(db: Transaction) -> tuple[Caller | None, str]:
        return await find_caller(db, token), (await stand(db, RIGHTS))["epoch"]

    caller, epoch = await client.feed.judged(judge)
    if client.code is not None:
        return None  # it has ended meanwhile
    if caller is None:
        return client.signed_out()
    if has_too_many(caller, client):
        return client.close(Close.TOO_MANY, "too_many", "You have too many connections.")
    client.caller, client.user_id, client.session_id = caller, caller.id, caller.session_id
    client.feed.join(client)
    client.put(
        Welcome(
            id=hello.id,
            epoch=epoch,
            user=person(caller.id, caller.name),
            connection=secrets.token_hex(6),
            heartbeat=PING_AFTER_S,
            limits={
                "topics": client.services.settings.live_topics,
                "frame_bytes": MAX_FRAME_BYTES,
            },
        )
    )
    if hello.topics:
        await subscribe(hello.topics, hello.epoch, None, client)
    return None


def has_too_many(caller: Caller, client: Client) -> bool:
    limits = client.services.settings
    others = sum(reader.user_id == caller.id for reader in client.feed.readers)
    return limits.is_limited and others >= limits.live_connections


async def subscribe(
    wanted: Mapping[str, int | None], epoch: str | None, message_id: Id, client: Client
) -> None:
    """The answers are put before anything else is heard: the events come behind them."""
    others = client.subscriptions.keys() - wanted.keys()
    free = client.services.settings.live_topics - len(others)
    for topic in list(wanted)[free:]:
        client.put(Error("too_many_topics", "Follow fewer topics.", message_id, topic))
    outcomes = await client.feed.subscribe(client, dict(list(wanted.items())[:free]), epoch)
    for topic, outcome in outcomes.items():
        match outcome:
            case Joined(seq):
                client.put(Subscribed(topic, seq, message_id))
            case Reset(seq, reason):
                client.put(ResetMessage(topic, seq, reason, message_id))
            case None:
                detail = "There is no such topic, or you may not know of it."
                client.put(Error("not_found", detail, message_id, topic))


def unsubscribe(message: Unsubscribe, client: Client) -> None:
    if client.feed.unsubscribe(client, message.topic):
        client.put(Unsubscribed(message.topic, message.id))
    else:
        client.put(Error("not_subscribed", "You do not follow it.", message.id, message.topic))
