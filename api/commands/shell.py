"""The command that opens Python with the model at hand; `await` may stand at its prompt."""

import ast
import asyncio
import code
import inspect
import platform
import sys
from contextlib import AsyncExitStack
from types import CodeType, FunctionType
from typing import Any

import click
from sqlalchemy import func, select, text

from api.commands.run import ready_settings
from api.settings import Settings
from model.database.lock import InUse, serving
from model.database.table import Base
from model.database.unit_of_work import Database
from model.log.event import write_events

_BANNER = f"""\
Python {platform.python_version()}. At hand are `settings`, `database`, `select`, `func`, `text`,
the tables (Users, Posts, ...) and the modules of model/ (user, post, ...). What is written is
committed at the end of its block, and whoever follows it is told. Ctrl-D leaves.

>>> async with database.read() as db:
...     await db.all(select(Users.id, Users.username))"""


class Console(code.InteractiveConsole):
    def __init__(self, names: dict[str, Any], runner: asyncio.Runner) -> None:
        super().__init__(names)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._names, self._runner = names, runner

    def runcode(self, code: CodeType) -> None:
        try:
            _run(code, self._names, self._runner)
        except SystemExit:
            raise
        except BaseException:  # noqa: BLE001 - as Python's own prompt, which Ctrl-C does not end
            self.showtraceback()


@click.command("shell")
def shell_command() -> None:
    """Open Python with the settings, the database and the model; or run what comes in.

    `await` may stand anywhere: at the prompt, and in a script (`main.py shell < script.py`).
    """
    settings = ready_settings()
    with asyncio.Runner() as runner:
        opened = AsyncExitStack()
        try:
            database = runner.run(_open_database(settings, opened))
            _open_shell(_names() | {"settings": settings, "database": database}, runner)
        except InUse as error:
            raise click.ClickException(str(error)) from None
        finally:
            runner.run(opened.aclose())


async def _open_database(settings: Settings, opened: AsyncExitStack) -> Database:
    """The database, which nobody restores or moves meanwhile. Raises InUse while somebody does."""
    await opened.enter_async_context(serving(settings.database_address, settings.instance))
    database = Database(settings.database_address, before_commit=write_events)
    opened.push_async_callback(database.close)
    return database


def _open_shell(names: dict[str, Any], runner: asyncio.Runner) -> None:
    if sys.stdin.isatty():
        _complete(names)
        Console(names, runner).interact(_BANNER, exitmsg="")
        return
    script, flags = sys.stdin.read(), ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    _run(compile(script, "<stdin>", "exec", flags, dont_inherit=True), names, runner)


def _names() -> dict[str, Any]:
    """What is at hand. Tables are in the plural, and modules in the singular."""
    modules = {
        name.removeprefix("model."): module
        for name, module in sorted(sys.modules.items())
        if name.startswith("model.") and name.count(".") == 1
    }
    tables = {mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers}
    return {**modules, **tables, "asyncio": asyncio, "select": select, "func": func, "text": text}


def _complete(names: dict[str, Any]) -> None:
    """Let Tab complete names, and the arrows bring back lines, where the platform can."""
    try:
        import readline  # noqa: PLC0415 - it sets up the terminal
        import rlcompleter  # noqa: PLC0415 - it imports readline
    except ImportError:
        return
    readline.set_completer(rlcompleter.Completer(names).complete)
    readline.parse_and_bind("tab: complete")


def _run(code: CodeType, names: dict[str, Any], runner: asyncio.Runner) -> None:
    """Run code, in which something may be awaited outside of functions."""
    result = FunctionType(code, names)()
    if inspect.iscoroutine(result):
        runner.run(result)


COMMANDS = (shell_command,)
