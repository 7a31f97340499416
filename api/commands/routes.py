"""The command that lists the routes, and who may take each."""

from collections.abc import Iterator
from typing import Any

import click
from quart import Quart
from werkzeug.routing import Rule

from api.app import create_app
from api.commands.run import given_settings, show_table
from api.middleware.scope import least_scope
from model.user import Scope

_OF_ADMINISTRATORS = ("/api/admin/", "/admin")
_WITH = {Scope.READ: "reading token", Scope.WRITE: "writing token", Scope.SESSION: "session"}


@click.command("routes")
def routes_command() -> None:
    """List every route: method, path, who may take it, and its name in the code.

    A reading token stands for whoever has at least that: a writing token and a session do, too.
    Which group, channel or post somebody may see or change is decided behind the door, in model/.
    """
    app = create_app(given_settings())
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
    rows = [row for rule in rules for row in _rows(app, rule)]
    show_table([("method", "path", "who may", "name"), *rows])


def _rows(app: Quart, rule: Rule) -> Iterator[tuple[str, str, str, str]]:
    if rule.websocket:
        yield "SOCKET", rule.rule, "who says hello", rule.endpoint
        return
    view = app.view_functions[rule.endpoint]
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        yield method, rule.rule, _who_may(view, rule, method), rule.endpoint


def _who_may(view: Any, rule: Rule, method: str) -> str:
    if rule.rule.startswith(_OF_ADMINISTRATORS):
        return "administrator"
    if getattr(view, "is_public", False):
        return "anybody"
    least = _WITH[least_scope(rule.endpoint, method)]
    return f"{least}, signed link" if getattr(view, "is_linkable", False) else least


COMMANDS = (routes_command,)
