"""What the command `routes` says of each route is what comes true at its door."""

import pytest
from click.testing import CliRunner
from quart import Quart

from api.cli import cli
from tests.support.cast import Cast
from tests.support.people import Visitor

LET_IN = {  # a visitor, a token that reads, a member's session
    "anybody": [True, True, True],
    "reading token": [False, True, True],
    "session": [False, False, True],
    "administrator": [False, False, False],
}


def listed() -> list[tuple[str, str, str, str]]:
    shown = CliRunner().invoke(cli, ["routes"])
    assert shown.exit_code == 0
    title, *lines = [line.split("  ") for line in shown.stdout.splitlines()]
    rows = [[cell.strip() for cell in line if cell] for line in (title, *lines)]
    assert rows[0] == ["method", "path", "who may", "name"]
    return [(method, path, who, name) for method, path, who, name in rows[1:]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_route_is_listed_with_each_of_its_methods(app: Quart) -> None:
    routes = {
        (rule.endpoint, "SOCKET" if rule.websocket else method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or {"GET"}) - {"HEAD", "OPTIONS"}
    }
    assert {(name, method) for method, _, _, name in listed()} == routes


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_each_is_open_to_whom_it_names_and_closed_to_the_others(
    app: Quart, people: Cast, visitor: Visitor
) -> None:
    form = {"name": "robot", "scope": "read"}
    made = await people.bob.post("/api/tokens", form)
    robot = Visitor(app.test_client(), {"Authorization": f"Bearer {made['token']}"})
    for method, path, who, name in listed():
        if method != "GET" or "<" in path or name.startswith(("pages.", "stream.")):
            continue
        statuses = [(await one.ask(method, path)).status for one in (visitor, robot, people.bob)]
        let_in = [status not in {302, 401, 403} for status in statuses]
        assert let_in == LET_IN[who], (path, statuses)
