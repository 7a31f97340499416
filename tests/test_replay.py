"""State fetched before + events applied = state fetched after, whatever was done between.

What is fetched and what is live must agree for every operation; this is what a client builds on.
"""

import random
from functools import partial

import pytest
from quart import Quart

from api.context import Services
from api.setting_kinds import Switch
from tests.live.client import LiveClient, Message
from tests.support.cast import Cast
from tests.support.chaos import Chaos
from tests.support.examples import examples
from tests.support.screen import Screen
from tests.support.wanderers import Wanderers

ROUNDS = 3


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_fetched_and_what_is_live_agree(
    app: Quart, services: Services, people: Cast, url: str, seed: int
) -> None:
    services.settings = services.settings.model_copy(update={"limits": Switch.OFF})
    random.seed(seed)
    chaos = Chaos(app, services, people)
    wanderers = Wanderers(chaos, [await chaos.person("guest") for _ in range(2)])
    await chaos.play()
    await wanderers.play()
    followed = await Screen(people.group["id"]).fetch(people.bob)
    caught_up = await Screen(people.group["id"]).fetch(people.bob)
    assert followed.live == caught_up.live
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(followed.live)
        for number in range(ROUNDS):
            await chaos.play(keeps_all=number == ROUNDS - 1)
            await wanderers.play()
            await _compare(followed, live, people)
    async with LiveClient(url, people.bob.token) as late:
        await late.hello(caught_up.live)
        await _compare(caught_up, late, people)
        await wanderers.vanish()
        await _compare(caught_up, late, people)
    kinds = [example for example in examples() if example.often]
    seldom = [one.operation for one in kinds if chaos.succeeded[one] < ROUNDS - 1]
    assert seldom == [], "their events are not tried"
    assert chaos.refused < chaos.succeeded.total()


async def _compare(screen: Screen, live: LiveClient, people: Cast) -> None:
    """With what is fetched now, once the client has every event that is there."""
    fetched = await Screen(people.group["id"]).fetch(people.bob)
    followed = {
        int(topic.partition(":")[2]) for topic in screen.live["topics"] if "channel" in topic
    }
    denied = {m["topic"] for m in live.messages if m["type"] == "error"}
    for topic, seq in fetched.live["topics"].items():
        if screen.live["topics"].get(topic, seq) < seq and topic not in denied:
            await live.until(partial(_has_come, topic, seq))
    for topic in denied:
        screen.apply({"type": "revoked", "topic": topic})
    for message in live.messages[screen.applied :]:
        if message["type"] == "reset":
            await screen.fetch_again(people.bob, message["topic"])
        elif "topic" in message:
            screen.apply(message)
    screen.applied = len(live.messages)
    still = {m["topic"] for m in live.messages if m["type"] == "revoked"} | denied
    compared = {i for i in followed if f"channel:{i}" not in still}
    assert people.channel["id"] in compared
    assert screen.shown(compared) == fetched.shown(compared)


def _has_come(topic: str, seq: int, message: Message) -> bool:
    """Whether this event of a topic, or a later one, or none will any more.

    `subscribed` has the number of the newest, and is there before the events that it leads to.
    """
    if message.get("topic") != topic:
        return False
    is_over = message["type"] in {"revoked", "reset"}
    return is_over or (message["type"] == "event" and message["seq"] >= seq)
