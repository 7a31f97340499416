"""`python main.py demo`: a class that looks real, in a new instance."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from api.demo.calendar import Calendar
from api.demo.people import ADMIN, ASSISTANT, EVERYBODY, PUPILS, TEACHER
from api.demo.play import Play
from api.demo.stage import Stage
from api.demo.story import CLASS, CLUB
from api.settings import Settings
from api.transfer.storage import open_store
from model.database.table import now
from model.database.unit_of_work import Database
from model.errors import Conflict
from model.password import Passwords
from model.storage.incoming import own_folder
from model.user import anybody_there

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look like another


@dataclass(frozen=True)
class Filled:
    password: str
    posts: int

    def lines(self) -> Iterator[str]:
        """What to tell whoever has asked for it."""
        yield f"Made {len(EVERYBODY)} people in two groups, with {self.posts} posts."
        yield f"The password of each, made for this run: {self.password}"
        yield ""
        for person, role in (
            (ADMIN, "administers the server, and is in no group"),
            (TEACHER, f"owns {CLASS}"),
            (ASSISTANT, f"moderates {CLASS}"),
            (PUPILS[1], f"is a pupil, and owns the {CLUB.lower()}"),
        ):
            yield f"  {person.username:10} {person.name} {role}"
        others = ", ".join(pupil.username for pupil in PUPILS if pupil != PUPILS[1])
        yield f"  The other pupils: {others}"


async def fill(settings: Settings, database: Database) -> Filled:
    """Fill a new instance with the class. Raises Conflict when somebody has an account already."""
    async with database.read() as db:
        if await anybody_there(db):
            taken = "There are accounts already. A demo fills a new instance: set HOMEROOM_INSTANCE"
            raise Conflict("not_new", f"{taken} (or HOMEROOM_DATABASE_URL) to another one.")
    password = "-".join(_part() for _ in range(3))
    passwords = Passwords()
    try:
        password_hash = await passwords.hash(password)
    finally:
        passwords.close()
    with own_folder(settings.instance / "incoming") as incoming:
        calendar, quota_bytes = Calendar(now()), settings.user_quota_bytes
        store = open_store(settings)
        stage = Stage(database, store, incoming, calendar, password_hash, quota_bytes)
        await stage.set_up()
        play = Play(stage)
        await play.run()
    return Filled(password, play.posts)


def _part() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))
