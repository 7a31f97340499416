"""What the commands of a live connection do; they are carried out one after another."""

from collections.abc import Mapping

from api.live.clock import PING_AFTER_S
from api.live.connection import Connection
from api.live.protocol import (
    MAX_FRAME_BYTES,
    MAX_SIGNAL_BYTES,
    ClientMessage,
    Close,
    Error,
    Hello,
    Id,
    Ping,
    Renewed,
    ResetMessage,
    ServerPong,
    Signal,
    Subscribe,
    Subscribed,
    Token,
    Unsubscribe,
    Unsubscribed,
    Watch,
    Watching,
    Welcome,
)
from api.middleware.scope import may_follow, not_enough
from model.database.unit_of_work import Transaction
from model.errors import OtherAccount
from model.live.ephemeral import Sender, SignalMessage
from model.live.subscription import Joined, Reset
from model.log.cursor import cursors
from model.log.event import RIGHTS_TOPIC
from model.session import find_caller
from model.user import Caller


async def carry_out(message: ClientMessage, client: Connection) -> None:
    client.clock.has_spoken = True
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
        case Watch():
            watch(message, client)
        case Signal():
            signal(message, client)
        case Token():
            await renew(message, client)
        case Ping():
            client.put(ServerPong())


async def sign_in(hello: Hello, client: Connection) -> None:
    if client.is_foreign and not hello.token:
        detail = "This page may not use your cookie, because its origin is not known."
        return client.close(Close.ORIGIN_NOT_ALLOWED, "origin_not_allowed", detail)
    caller, epoch = await judged(hello.token or client.cookie or "", client)
    if client.code is not None:
        return None  # it has ended meanwhile
    if caller is None:
        return client.signed_out()
    if hello.user not in {None, caller.id}:
        other = OtherAccount()
        return client.close(Close.NOT_SIGNED_IN, other.code, other.detail)
    if has_too_many(caller, client):
        return client.close(Close.TOO_MANY, "too_many", "You have too many connections.")
    client.is_signed_in_as(caller)
    client.epoch = epoch
    client.feed.join(client)
    client.put(
        Welcome(
            id=hello.id,
            epoch=epoch,
            user=caller.person,
            connection=client.name,
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


async def judged(token: str, client: Connection) -> tuple[Caller | None, str]:
    """Whose token it is, and the epoch. Act on both before the next await."""

    async def judge(db: Transaction) -> tuple[Caller | None, str]:
        return await find_caller(db, token), (await cursors(db, RIGHTS_TOPIC))["epoch"]

    return await client.feed.judged(judge)


async def renew(message: Token, client: Connection) -> None:
    caller, _ = await judged(message.token, client)
    if client.code is not None:
        return
    if caller is None or not is_renewal(caller, client.caller):
        detail = "This is not a token of yours; you stay signed in with the one before."
        client.put(Error("not_renewed", detail, message.id))
    else:
        client.is_signed_in_as(caller)
        client.put(Renewed(message.id, caller.expires_at))


def is_renewal(caller: Caller, before: Caller | None) -> bool:
    """Whether the same person comes with the same scope: it decides what others see of her."""
    return before is not None and (caller.id, caller.scope) == (before.id, before.scope)


def has_too_many(caller: Caller, client: Connection) -> bool:
    limits = client.services.settings
    others = client.feed.readers_of(caller.id)
    return limits.is_limited and len(others) >= limits.live_connections


async def subscribe(
    wanted: Mapping[str, int | None], epoch: str | None, message_id: Id, client: Connection
) -> None:
    """Follow topics. The answers go out before the events that come behind them."""
    caller = client.caller
    for topic in [one for one in wanted if caller and not may_follow(caller, one)]:
        client.put(_not_enough(message_id, topic))
        wanted = {name: after for name, after in wanted.items() if name != topic}
    others = client.subscriptions.keys() - wanted.keys()
    free = client.services.settings.live_topics - len(others)
    for topic in list(wanted)[free:]:
        client.put(Error("too_many_topics", "You follow too many topics.", message_id, topic))
    outcomes = await client.feed.subscribe(client, dict(list(wanted.items())[:free]), epoch)
    for topic, outcome in outcomes.items():
        match outcome:
            case Joined(seq):
                present = client.services.presence.greet(client, client.subscriptions[topic])
                client.put(Subscribed(topic, seq, message_id, present))
            case Reset(seq, reason):
                client.services.meter.reset(reason)
                client.put(ResetMessage(topic, seq, reason, message_id))
            case None:
                detail = "There is no such topic, or you may not know of it."
                client.put(Error("not_found", detail, message_id, topic))


def unsubscribe(message: Unsubscribe, client: Connection) -> None:
    if client.feed.unsubscribe(client, message.topic):
        client.put(Unsubscribed(message.topic, message.id))
    else:
        client.put(
            Error("not_subscribed", "You do not follow this topic.", message.id, message.topic)
        )


def watch(message: Watch, client: Connection) -> None:
    if client in client.feed.readers:
        client.feed.watch.join(client)
        client.put(Watching(message.id))


def signal(message: Signal, client: Connection) -> None:
    """Pass a signal on, unless its sender is muted or the group archived.

    Nobody learns whether it arrived: a newer one follows soon.
    """
    subscription = client.subscriptions.get(message.topic)
    if subscription is None:
        client.put(Error("not_subscribed", "You do not follow this topic.", topic=message.topic))
    elif subscription.is_silent:
        client.put(Error("silenced", "You can read here, but not write.", topic=message.topic))
    elif not client.is_shown:
        client.put(_not_enough(None, message.topic))
    elif len(bytes(message.data)) > MAX_SIGNAL_BYTES:
        client.put(Error("too_large", "A signal may have at most 1 KiB.", topic=message.topic))
    else:
        sender = Sender(client.user_id, client.person["name"], client.name)
        passed_on = SignalMessage(message.topic, message.name, message.data, sender)
        client.services.signals.send(passed_on)


def _not_enough(message_id: Id, topic: str) -> Error:
    refusal = not_enough()
    return Error(refusal.code, refusal.detail, message_id, topic)
