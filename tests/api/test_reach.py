"""Links for others begin where others reach the server; strangers learn nothing of the machine."""

import socket
from ipaddress import ip_address
from typing import Any

import pytest
from quart import Quart

from tests.api.browser import browser
from tests.support.cast import Cast
from tests.support.people import Person

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def addresses(
    app: Quart, who: Person, *, address: str = "127.0.0.1", origin: str = "http://localhost:8080"
) -> Any:
    """What comes with a join code for a group of her own."""
    page = browser(app, headers={**who.headers, "Origin": origin}, address=address)
    group = await page.post("/api/groups", {"name": "mine"})
    return (await page.post(f"/api/groups/{group['id']}/join-code", {}))["addresses"]


@pytest.mark.parametrize("changed_settings", [{"bind": "0.0.0.0:8080"}, {"bind": "[::]:8080"}])
async def test_an_administrator_at_the_machine_is_told_what_others_call_it(
    app: Quart, people: Cast
) -> None:
    told = await addresses(app, people.root)
    assert told == await addresses(app, people.root, address="::1", origin="http://127.0.0.1:8080")
    assert told == await addresses(app, people.root, origin="http://[::1]:8080")
    if not told:
        pytest.skip("this machine has no network")
    for address in told:
        host = ip_address(address.removeprefix("http://").removesuffix(":8080").strip("[]"))
        assert not host.is_loopback
        with socket.socket(socket.AF_INET if host.version == 4 else socket.AF_INET6) as listener:
            listener.bind((str(host), 0))  # which no address of another machine allows


@pytest.mark.parametrize("changed_settings", [{"bind": "0.0.0.0:8080"}])
async def test_nobody_else_is_told_the_addresses_of_the_machine(app: Quart, people: Cast) -> None:
    assert await addresses(app, people.ann) == []
    assert await addresses(app, people.root, address="192.0.2.7") == []
    for page in ("https://behind-a-proxy.example.org", "http://localhost.example.org", "http://["):
        assert await addresses(app, people.root, origin=page) == []


async def test_a_server_that_others_cannot_reach_tells_no_address(app: Quart, people: Cast) -> None:
    assert await addresses(app, people.root) == []


@pytest.mark.parametrize("changed_settings", [{"public_url": "https://class.example.org"}])
async def test_the_public_address_is_for_everybody(app: Quart, people: Cast) -> None:
    assert await addresses(app, people.ann, address="192.0.2.7") == ["https://class.example.org"]
