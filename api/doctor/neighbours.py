"""What the server works with over the network: Redis, the object store, and the mail server."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from typing import Any

from api.doctor.finding import Finding, Well, Wrong
from api.middleware.proxy import is_loopback
from api.settings import PREFIX, Settings
from api.transfer.storage import check_bucket
from model.storage.store import Unusable

_ANSWERS_WITHIN_S = 3
_REDIS = f"{PREFIX}REDIS_URL"


def check_redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        return
    import redis  # noqa: PLC0415 - loaded by nobody who has one machine

    client = redis.Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=_ANSWERS_WITHIN_S,
        socket_connect_timeout=_ANSWERS_WITHIN_S,
    )
    try:
        with client:
            took_s = _heard_after(client)
    except (redis.AuthenticationError, redis.exceptions.NoPermissionError) as error:
        said = f"{_REDIS}: it refuses this user: {error}. Let it SUBSCRIBE and PUBLISH."
        yield Wrong("redis_refuses", said)
    except redis.RedisError as error:
        said = f"{_REDIS}: nobody answers there ({type(error).__name__}): start it, or correct it."
        yield Wrong("redis_unreachable", said)
    else:
        if took_s is None:
            said = f"{_REDIS}: what is published there is not heard: name another server."
            yield Wrong("redis_silent", said)
        else:
            yield Well(f"what is published is heard after {took_s * 1e3:.1f} ms")


def _heard_after(client: Any) -> float | None:
    """Seconds until a message came back; None when it did not."""
    topic = f"homeroom-doctor-{secrets.token_hex(8)}"
    with client.pubsub() as listening:
        listening.subscribe(topic)
        listening.get_message(timeout=_ANSWERS_WITHIN_S)  # that it listens now
        began = time.perf_counter()
        client.publish(topic, b"?")
        heard = listening.get_message(timeout=_ANSWERS_WITHIN_S)
    return None if heard is None else time.perf_counter() - began


def check_object_store(settings: Settings) -> Iterator[Finding]:
    if settings.files_url is None:
        return
    began = time.perf_counter()
    try:
        asyncio.run(check_bucket(settings))
    except Unusable as error:
        yield Wrong("bucket_unusable", str(error))
    else:
        took_ms = (time.perf_counter() - began) * 1e3
        yield Well(f"takes, gives and deletes within {took_ms:.0f} ms")


def check_mail(settings: Settings) -> Iterator[Finding]:
    server, sender = settings.mail_server, settings.mail_from
    if server is None or sender is None:
        return
    from api.mail import smtp  # noqa: PLC0415 - loads aiosmtplib

    refusal = asyncio.run(smtp.refusal_of(server, sender))
    if refusal is not None:
        name, said = refusal
        yield Wrong(name, f"{PREFIX}MAIL_URL: {said}")
    else:
        yield Well(f"{server.host} takes mails from {sender}; none was sent")
    if is_loopback(settings.url.partition("//")[2]):
        said = f"{PREFIX}PUBLIC_URL is this machine's own, where links in mails lead nobody else."
        yield Wrong("links_lead_here", said)
