"""The rules of the building, each kept by a test that names whatever breaks it."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import TypeAdapter
from quart import Quart
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from api.app import create_app
from api.forms import Description, Name
from api.search import MAX_CHARS as MAX_QUESTION_CHARS
from api.settings import Settings
from model.database.table import Base
from model.migration import is_compared
from model.post import MAX_POST_CHARS

ROOT = Path(__file__).parent.parent
CODE = sorted([ROOT / "main.py", *(ROOT / "api").rglob("*.py"), *(ROOT / "model").rglob("*.py")])
MODEL = [file for file in CODE if ROOT / "model" in file.parents]
MODULES = [file for file in (ROOT / "static").rglob("*.js") if "vendor" not in file.parts]

PUBLIC = {
    "users.create", "sessions.create",
    "documentation.openapi", "documentation.asyncapi",
    "documentation.page", "documentation.swagger_file",
    "account_links.show", "password_resets.create", "password_resets.update",
    "email_confirmations.update",  # to who has the token of a link, or asks for a mail
    "pages.reset", "pages.confirm_email",
    "pages.home", "pages.register", "pages.sign_in", "pages.board", "pages.favicon", "pages.static",
    "pages.account", "pages.invite", "pages.roster",
    "admin_pages.overview", "admin_pages.people", "admin_pages.new_people", "admin_pages.groups",
    "admin_pages.audit", "admin_pages.backups",
    "health.live", "health.ready", "seen.show",
    "metrics.show",  # to who has the token in the settings
    "avatars.show",  # to who knows the digest of the picture
    "live.follow",  # who connects says `hello` and is asked there
}  # fmt: skip
ONE_ROW = {"epochs", "schema"}

MAX_LINES = 350
MAX_LINES_OF_A_FUNCTION = 45

GENERIC = {
    "model/database/unit_of_work.py": ["Transaction", "Database", "finder", "Finder"],
    "api/context.py": ["read", "write", "one_unit_of_work"],
    "api/forms.py": ["Form", "Query", "PageQuery"],
    "model/database/page.py": ["Page", "Pages", "pages"],
    "model/log/event.py": ["record", "judge_again", "write_events", "_rows"],
    "model/log/cursor.py": ["cursors", "topic_heads", "events_after", "events_between"],
    "model/errors.py": ["Refusal"],
    "api/middleware/errors.py": ["init", "explain", "wrong_fields", "wants_page", "_explained"],
    "api/middleware/auth.py": ["public", "init", "note_use"],
    "api/middleware/limits.py": ["init", "count_request", "limit"],
    "api/middleware/idempotent.py": ["init", "idempotent", "_plain"],
    "api/middleware/location.py": ["located", "location"],
    "model/idempotency.py": ["claim_key", "keep_answer"],
}  # fmt: skip
MAX_LINES_GENERIC = 660

OVERRIDES = [
    *(ROOT / "api" / "adapters").glob("*.py"),
    *(ROOT / "model" / "database" / name for name in ("sqlite.py", "statement.py")),
]
MAX_LINES_OVERRIDES = 1_650


LOADED_LATE = {
    "api/commands/prove.py": {"from api.prove.run import prove"},  # websockets
    "api/app.py": {"from model.live import redis_link"},  # redis
    "api/prove/ahead.py": {"from model.database import table"},  # of the program that it runs
    "api/doctor/passing.py": {
        "from websockets import exceptions",
        "from websockets.asyncio.client import connect",
        "from websockets.typing import Origin",
    },
    "api/doctor/neighbours.py": {"import redis", "from api.mail import smtp"},
    "api/commands/shell.py": {"import readline", "import rlcompleter"},
    "api/cli.py": {
        "from api.demo.fill import fill",  # Pillow
    },
    "api/mail/outbox.py": {"from api.mail import smtp"},  # aiosmtplib
    "api/measuring/opening.py": {
        "from api.measuring.prometheus import Prometheus",  # prometheus_client
    },
    "api/setting_kinds.py": {"import obstore"},
    "api/tracing/opening.py": {"from api.tracing.spans import Spans"},  # OpenTelemetry
    "api/transfer/storage.py": {"from model.storage import s3"},  # obstore
    "model/schema.py": {"from model import migration"},  # Alembic
    "model/storage/picture_work.py": {"from model.storage import pixels"},  # Pillow
}
"""What a server does without until it is needed, and most never need."""


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{named(file)} imports relatively"
            yield f"{node.module}"


def environment_of(instance: Path) -> dict[str, str]:
    known = {key: value for key, value in os.environ.items() if not key.startswith("HOMEROOM_")}
    given = {"HOMEROOM_ENV_FILE": "", "HOMEROOM_INSTANCE": str(instance), "PYTHONPATH": str(ROOT)}
    return {**known, **given}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Quart:
    return create_app(Settings(instance=tmp_path_factory.mktemp("instance")))


def test_every_blueprint_is_registered(built: Quart) -> None:
    made = {
        name for file in CODE for name in re.findall(r"= Blueprint\(\"(\w+)\"", file.read_text())
    }
    assert made == built.blueprints.keys(), "one name in RESOURCES of api/app.py each"


def test_every_route_is_closed_but_for_those_named_here(built: Quart) -> None:
    endpoints = {rule.endpoint for rule in built.url_map.iter_rules()}
    marked = {name for name in endpoints if getattr(built.view_functions[name], "is_public", False)}
    assert marked - PUBLIC == set(), "opened, but not named here"
    assert PUBLIC & endpoints <= marked | {"live.follow"}
    assert len(endpoints) > 30


async def test_a_closed_route_answers_nobody(built: Quart) -> None:
    client: Any = built.test_client()
    for rule in built.url_map.iter_rules():
        if rule.endpoint in PUBLIC:
            continue
        given = dict.fromkeys(rule.arguments, 1)
        path = built.url_map.bind("localhost").build(rule.endpoint, given)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            response = await client.open(path, method=method)
            assert response.status_code == 401, f"{method} {path}"


def test_every_route_of_the_api_is_under_its_prefix_and_kebab_case(built: Quart) -> None:
    for rule in built.url_map.iter_rules():
        fixed = [part for part in rule.rule.split("/") if not part.startswith("<")]
        assert "_" not in "".join(fixed), rule
        assert rule.rule == "/" or not rule.rule.endswith("/"), rule


def test_no_number_that_leaves_the_server_is_given_out_twice() -> None:
    tables = [table for table in Base.metadata.tables.values() if "id" in table.primary_key.columns]
    assert len(tables) > 4
    for table in tables:
        if table.name not in ONE_ROW:
            assert table.dialect_options["sqlite"]["autoincrement"], table.name


def test_the_model_knows_nothing_of_the_web_nor_of_the_environment() -> None:
    for file in MODEL:
        roots = {name.partition(".")[0] for name in imported(file)}
        assert not roots & {"quart", "quart_schema", "werkzeug", "hypercorn", "api", "main"}, file
        text = file.read_text()
        for reading in ("environ", "getenv", "dotenv"):
            assert reading not in text, f"{named(file)} reads the environment"


def test_main_is_a_launcher_over_api() -> None:
    main = ROOT / "main.py"
    assert {name.partition(".")[0] for name in imported(main)} == {"api"}
    assert len([line for line in main.read_text().splitlines() if line.strip()]) <= 10


def test_nothing_is_imported_inside_a_function_or_for_types_only_but_what_is_loaded_late() -> None:
    for file in CODE:
        late = LOADED_LATE.get(named(file), set())
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                names = {ast.unparse(each) for each in inside}
                assert names <= late, f"{named(file)}: {node.name}"
        assert "TYPE_CHECKING" not in file.read_text(), named(file)


STARTED = """
import sys
import main, api.cli
from api.settings import load_settings
from api.start import make_ready
make_ready(load_settings())
assert not sys.modules.keys() & set(sys.argv[1:]), sys.modules.keys() & set(sys.argv[1:])
"""


def test_a_server_on_its_data_starts_without_what_is_loaded_late(
    database_url: str, tmp_path: Path
) -> None:
    """It costs every start a fifth of its time, and every server as much of its memory."""
    command = [
        sys.executable,
        "-c",
        STARTED,
        "alembic",
        "mako",
        "PIL",
        "obstore",
        "websockets",
        "aiosmtplib",
        "prometheus_client",
        "opentelemetry",
    ]
    environment = environment_of(tmp_path / "instance") | {"HOMEROOM_DATABASE_URL": database_url}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


WATCHED = """
import importlib, sys
sys.dont_write_bytecode = True
did = []
def watch(event, given):
    if event == "open" and isinstance(given[1], str) and set(given[1]) & set("wax+"):
        did.append((event, given[0]))
    elif event.startswith(("socket.", "sqlite3.", "subprocess.", "os.mkdir", "os.fork")):
        did.append((event, given))
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
assert not did, did
"""


def test_importing_does_nothing(tmp_path: Path) -> None:
    """No file, no socket, no database: not of main with the application, not of any module."""
    modules = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in CODE
        if "migrations" not in file.parts and file.name != "__init__.py"
    ]
    assert "main" in modules
    environment = environment_of(tmp_path / "instance")
    command = [sys.executable, "-c", WATCHED, *modules]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(tmp_path.iterdir()) == []


def test_every_file_can_be_read_at_a_sitting() -> None:
    for file in [*CODE, *MODULES, *(ROOT / "tests").rglob("*.py")]:
        lines = len(file.read_text().splitlines())
        assert lines <= MAX_LINES or "migrations" in file.parts, f"{named(file)}: {lines} lines"


def test_every_key_is_heard_by_the_function_that_leaves_out_those_of_input_methods() -> None:
    for file in MODULES:
        if file.name != "keys.js":
            heard = re.search(r"key(down|up|press|Code)\b|isComposing", file.read_text())
            assert not heard, f"{named(file)}: {heard and heard[0]}"


FIELD = re.compile(r"<(?:input|textarea)[^>]+")
SAYS_WHAT_IT_TAKES = {
    'name="name"': TypeAdapter(Name).json_schema()["maxLength"],
    'name="description"': TypeAdapter(Description).json_schema()["maxLength"],
    'name="text"': MAX_POST_CHARS,
    'type="search"': MAX_QUESTION_CHARS,
}


def test_no_field_of_a_page_cuts_what_is_typed_and_each_says_how_much_it_takes() -> None:
    pages = [file.read_text() for file in (ROOT / "templates").glob("*.html")]
    modules = [file.read_text() for file in MODULES]
    assert not re.search("maxlength", "".join(pages + modules), re.IGNORECASE)
    fields = [field for page in pages for field in FIELD.findall(page)]
    for mark, most in SAYS_WHAT_IT_TAKES.items():
        said = {field for field in fields if mark in field}
        assert said, mark
        for field in said:
            assert f'data-most-chars="{most}"' in field, field


def test_every_function_can_be_read_at_a_glance() -> None:
    as_made = ROOT / "model" / "migrations" / "versions"
    for file in [*CODE, *(ROOT / "tests").rglob("*.py")]:
        if as_made in file.parents:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                assert lines <= MAX_LINES_OF_A_FUNCTION, f"{named(file)}: {node.name}"


def test_what_is_generic_stays_small() -> None:
    total = 0
    for name, wanted in GENERIC.items():
        tree = ast.parse((ROOT / name).read_text())
        nodes = [n for n in tree.body if getattr(n, "name", None) in wanted]
        assert len(nodes) == len(wanted), f"{name}: something was renamed"
        total += sum((node.end_lineno or 0) - node.lineno + 1 for node in nodes)
    assert 300 < total <= MAX_LINES_GENERIC, total


def test_other_peoples_private_parts_are_used_in_one_place() -> None:
    for file in set(CODE) - set(OVERRIDES):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and re.match("_[^_]", node.attr):
                is_own = ast.unparse(node.value) in {"self", "cls"}
                is_public = node.attr == "_fields"  # of named tuples, beside names of columns
                assert is_own or is_public, f"{named(file)}: {node.attr}"


def test_what_overrides_other_peoples_private_parts_stays_small() -> None:
    total = sum(len(file.read_text().splitlines()) for file in OVERRIDES)
    assert 300 < total <= MAX_LINES_OVERRIDES, total


def test_modules_of_the_pages_import_each_other_by_relative_addresses() -> None:
    """So that all of them are of the version with which a page began."""
    for file in (ROOT / "static").rglob("*.js"):
        absolute = re.findall(r'(?:from|import)[ (]*"(/[^"]*)"', file.read_text())
        assert not absolute, f"{file.name} imports {absolute[0]}"


async def test_the_migrations_make_the_tables_that_the_code_has(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"include_name": is_compared})
        return list(compare_metadata(context, Base.metadata))

    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
