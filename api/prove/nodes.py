"""The nodes of a proof: one server, or several that share a PostgreSQL database and a key."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from api.prove.database import new_database
from api.prove.instance import Instance
from api.prove.patient_client import Doors
from api.prove.plan import AHEAD_S, START, Options, Unfinished
from api.prove.redis_server import RedisServer
from api.prove.wire import Wire
from api.settings import Settings

AHEAD = str(Path(__file__).with_name("ahead.py"))
RING_EVENTS = 25  # few, so that who comes back often has to be served from the log


@dataclass(frozen=True)
class Nodes:
    """All but the first have a clock that is ahead, and a wire that can be cut."""

    each: Sequence[Instance]
    first_token: str  # of the link that makes the first account
    redis: RedisServer | None  # of the proof's own

    @property
    def doors(self) -> Doors:
        return Doors([node.port for node in self.each])

    def memory(self) -> int | None:
        """Bytes of the workers of all nodes, where that can be told."""
        found = [node.memory() for node in self.each]
        known = [of for of in found if of is not None]
        return sum(known) if len(known) == len(found) else None


@contextmanager
def serving(options: Options, folder: Path) -> Iterator[Nodes]:
    """Nodes that serve until the end of the block, each in a folder of its own."""
    if options.nodes > 1 and not options.database_url:
        raise Unfinished("Several nodes share a database: name a PostgreSQL server by --database.")
    if options.nodes == 1 and (options.silences or options.update_from):
        raise Unfinished("--silences and --update-from take several nodes: see --nodes.")
    secret = secrets.token_urlsafe(32)
    settings = {
        "SECRET_KEY": secret,
        "LIVE_CONNECTIONS": str(options.clients + 1),
        "LIVE_REPLAY_EVENTS": str(2 * options.events + 1000),
        "LIVE_RING_EVENTS": str(RING_EVENTS),
    }
    with ExitStack() as stack:
        if options.database_url:
            settings["DATABASE_URL"] = stack.enter_context(new_database(options.database_url))
        redis = None
        if options.redis == START:
            redis = stack.enter_context(closing(RedisServer(folder)))
        if options.redis:
            settings["REDIS_URL"] = redis.url if redis else options.redis
        each: list[Instance] = []
        for number in range(1, options.nodes + 1):
            of = folder / f"node-{number}"
            node = one_more(options, of, settings, stack) if each else first(options, of, settings)
            each.append(stack.enter_context(closing(node)))
            node.start()
        yield Nodes(each, Settings.first_token(secret.encode()), redis)


def first(options: Options, folder: Path, settings: Mapping[str, str]) -> Instance:
    return Instance(folder, options.first_program, options.workers, settings)


def one_more(
    options: Options, folder: Path, settings: Mapping[str, str], stack: ExitStack
) -> Instance:
    """A node that reaches the database by a wire, and whose clock is ahead."""
    wire = stack.enter_context(closing(Wire(make_url(settings["DATABASE_URL"]))))
    reached = {**settings, "DATABASE_URL": wire.url.render_as_string(hide_password=False)}
    launcher = [AHEAD, str(AHEAD_S)]
    return Instance(folder, options.first_program, options.workers, reached, wire, launcher)
