"""The visit: every check, in the order in which one rests on the other."""

from collections.abc import Callable, Iterator, Sequence

from api.doctor.database import check_database
from api.doctor.finding import Finding, Wrong
from api.doctor.folder import check_disk, check_folder
from api.doctor.machine import check_clock, check_descriptors, check_libraries, check_settings
from api.doctor.neighbours import check_mail, check_object_store, check_redis
from api.doctor.server import check_server
from api.settings import Settings, WrongSettings, load_settings

Check = Callable[[Settings], Iterator[Finding]]

OF_THIS_MACHINE: Sequence[tuple[str, Check]] = (
    ("settings", check_settings),
    ("libraries", check_libraries),
    ("descriptors", check_descriptors),
    ("clock", check_clock),
    ("folder", check_folder),
    ("disk", check_disk),
    ("database", check_database),
    ("redis", check_redis),
    ("files", check_object_store),
    ("mail", check_mail),
    ("server", check_server),
)


def visit_machine() -> Iterator[tuple[str, Finding]]:
    """What is found here, each with what it is about. With wrong settings nothing else is tried."""
    try:
        settings = load_settings()
    except WrongSettings as error:
        yield from (("settings", Wrong("setting_wrong", line)) for line in str(error).splitlines())
        return
    for subject, check in OF_THIS_MACHINE:
        yield from ((subject, finding) for finding in check(settings))
