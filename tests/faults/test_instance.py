"""The instance folder: one whole key whatever happens, and nothing for others on the machine."""

import errno
import os
import resource
import shutil
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result

from api.cli import cli
from api.instance import open_instance
from api.settings import Settings
from tests.support.http_client import first_account
from tests.support.server import MAIN, ROOT, Server

FILE = (
    b'--form\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx\r\n--form--\r\n'
)
FORM = "multipart/form-data; boundary=form"
STARTS_AT_ONCE = 16
NOBODY = 65534


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=1)
    yield server
    server.close()


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def command(instance: Path, **settings: str) -> Result:
    given = {"HOMEROOM_INSTANCE": str(instance), **settings}
    return CliRunner().invoke(cli, ["new-epoch"], env=given)


def names(instance: Path) -> list[str]:
    return [file.name for file in instance.iterdir()]


@pytest.mark.parametrize("kept", ["", "\n", "s3cret", "s3cret" + " " * 40, "\0" * 43])
def test_a_key_that_is_no_secret_stops_the_start_and_says_what_to_do(
    instance: Path, kept: str
) -> None:
    instance.mkdir()
    file = instance / "secret_key"
    file.write_text(kept)
    ended = command(instance)
    assert ended.exit_code == 1
    (line,) = ended.output.splitlines()
    assert line.startswith(f"Error: {file}: it is too short, or damaged. ")
    assert "s3cret" not in line
    assert names(instance) == ["secret_key"]
    assert file.read_text() == kept


def test_the_server_does_not_start_with_an_empty_key(server: Server) -> None:
    server.instance.mkdir()
    (server.instance / "secret_key").touch()
    with pytest.raises(AssertionError, match="it ended"):
        server.start()
    (line,) = server.log.splitlines()
    assert line.startswith(f"Error: {server.instance / 'secret_key'}: it is too short")


def test_a_given_key_that_is_too_short_is_named_and_not_shown(instance: Path) -> None:
    ended = command(instance, HOMEROOM_SECRET_KEY="s3cret" * 5)
    assert ended.exit_code == 1
    (line,) = ended.output.splitlines()
    assert line.startswith("Error: HOMEROOM_SECRET_KEY: it needs 32 characters")
    assert "s3cret" not in line
    assert not instance.exists()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can be longer than ten bytes."""
    _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_first_start_on_a_full_disk_leaves_no_key_and_the_next_one_makes_it(
    instance: Path,
) -> None:
    with full_disk():
        ended = command(instance)
    assert ended.exit_code == 1
    assert ended.output == f"Error: HOMEROOM_INSTANCE: File too large: {instance}.\n"
    assert names(instance) == []
    assert command(instance).exit_code == 0
    assert len((instance / "secret_key").read_text()) == 43


def test_first_starts_at_once_agree_on_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> NoReturn:
        raise PermissionError

    with ThreadPoolExecutor(STARTS_AT_ONCE) as threads:
        for n in range(20):
            settings = Settings(instance=tmp_path / str(n))
            keys = set(threads.map(open_instance, [settings] * STARTS_AT_ONCE))
            assert keys == {open_instance(settings)}
            assert names(settings.instance) == ["secret_key"]
    monkeypatch.setattr("os.link", no_links)  # as on the file system of a USB stick
    elsewhere = Settings(instance=tmp_path / "elsewhere")
    assert open_instance(elsewhere) == open_instance(elsewhere)
    assert names(elsewhere.instance) == ["secret_key"]


ODD_NAMES = ["q?x=y&z", "q#x", "a%20b", "%(here)s 100%", """it's: "q\"""", "Zoë 猫"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_database_is_in_the_folder_whatever_its_name(tmp_path: Path, name: str) -> None:
    for _ in range(2):
        ended = command(tmp_path / name)
        assert ended.exit_code == 0, ended.output
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert sorted(names(tmp_path / name)) == ["app.db", "secret_key", "serving.lock"]


class AtHome(Server):
    """It is told nothing by the environment but where to listen."""

    @property
    def environment(self) -> dict[str, str]:
        told = ("HOMEROOM_WORKERS", "HOMEROOM_INSTANCE", "HOMEROOM_ENV_FILE")
        return {name: of for name, of in super().environment.items() if name not in told}


def test_it_runs_in_a_folder_of_any_name_with_the_settings_that_lie_beside_it(
    tmp_path: Path,
) -> None:
    home, elsewhere = tmp_path / "".join(ODD_NAMES), tmp_path / "elsewhere"
    for part in ("api", "model", "static", "templates"):
        shutil.copytree(ROOT / part, home / part)
    shutil.copyfile(MAIN, home / "main.py")
    (home / ".env").write_text("HOMEROOM_INSTANCE=data\nHOMEROOM_WORKERS=64\n")
    elsewhere.mkdir()
    (elsewhere / ".env").write_text("HOMEROOM_WORKERS=1\nHOMEROOM_WORKER=2\n")
    server = AtHome(elsewhere / "instance", program=[str(home / "main.py")], is_forked=False)
    try:
        assert first_account(server.start()).made("GET", "/api/me")["role"] == "admin"
        assert len(server.worker_pids()) == 1, "what lies where one works wins"
    finally:
        server.close()
    assert {"app.db", "secret_key"} <= set(names(home / "data"))
    assert server.log.startswith(f"HOMEROOM_WORKER in {elsewhere / '.env'}: there is no such")


def test_a_database_that_earlier_versions_kept_elsewhere_is_told_of(tmp_path: Path) -> None:
    """They took the path of the folder for a part of an address."""
    instance, misplaced = tmp_path / "q?x", tmp_path / "q"
    command(tmp_path / "other")
    (tmp_path / "other" / "app.db").rename(misplaced)
    instance.mkdir()
    ended = command(instance)
    assert ended.exit_code == 1
    assert ended.output == (
        f"Error: HOMEROOM_INSTANCE: an earlier version kept the database as {misplaced}:"
        f" move it to {instance / 'app.db'}, with its -wal and -shm if they are there.\n"
    )
    misplaced.rename(instance / "app.db")
    assert command(instance).exit_code == 0


def is_private(path: Path) -> bool:
    return path.stat().st_mode & 0o077 == 0


def test_others_on_the_machine_can_read_nothing_be_it_new_or_old(server: Server) -> None:
    server.instance.mkdir(mode=0o755)
    server.start()
    headers = {"Authorization": f"Bearer {first_account(server).token}", "Content-Type": FORM}
    urllib.request.urlopen(urllib.request.Request(f"{server.url}/api/files", FILE, headers)).close()
    made = list(server.instance.rglob("*"))
    assert {"app.db", "app.db-wal", "app.db-shm", "secret_key", "files", "incoming"} <= {
        path.name for path in made
    }
    assert [path for path in made if not is_private(path)] == []
    server.stop()
    for path in server.instance.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    server.start()
    assert [path for path in server.instance.iterdir() if not is_private(path)] == []
    assert server.instance.stat().st_mode & 0o777 == 0o755, "its own mode is its operator's"


@contextmanager
def nobody(folder: Path) -> Iterator[None]:
    """What is done in the folder is done by somebody who is not its owner."""
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode | 0o011)  # pytest's folders are private
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
@pytest.mark.parametrize("name", ["app.db", "app.db-wal", "files", "secret_key"])
def test_what_belongs_to_somebody_else_is_named_and_no_sql_is_shown(
    instance: Path, name: str
) -> None:
    command(instance)
    (instance / "files").mkdir()
    (instance / "app.db-wal").touch()
    for path in (instance, *instance.iterdir()):
        path.chmod(0o700)
        os.chown(path, NOBODY if path.name != name else 0, -1)
    with nobody(instance):
        ended = command(instance)
    assert ended.exit_code == 1
    assert ended.output == (
        f"Error: HOMEROOM_INSTANCE: Permission denied: {instance / name}."
        " It belongs to root: make it yours with `sudo chown -R`.\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
def test_where_nothing_can_be_made_it_is_said_whose_folder_it_is(instance: Path) -> None:
    with nobody(instance.parent):
        ended = command(instance)
    assert ended.output == (
        f"Error: HOMEROOM_INSTANCE: Permission denied: {instance}."
        " It belongs to root: make it yours with `sudo chown -R`.\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act in the folder of somebody else")
@pytest.mark.parametrize(
    "words", [["user-list"], ["backup"], ["restore", __file__], ["copy-to", "postgresql://x/y"]]
)
def test_root_leaves_nothing_in_a_folder_that_the_server_could_not_use(
    instance: Path, words: list[str]
) -> None:
    command(instance)
    os.chown(instance, NOBODY, -1)
    before = sorted(instance.rglob("*"))
    ended = CliRunner().invoke(cli, words, env={"HOMEROOM_INSTANCE": str(instance)})
    assert ended.exit_code == 1
    assert ended.output == (
        f"Error: HOMEROOM_INSTANCE: {instance} belongs to nobody, who could not use what root"
        " leaves there: begin the command with `sudo -u nobody`, or make it yours with"
        " `sudo chown -R`.\n"
    )
    assert sorted(instance.rglob("*")) == before


def test_a_file_that_is_no_database_is_named_and_no_sql_is_shown(instance: Path) -> None:
    instance.mkdir()
    database = instance / "app.db"
    database.write_text("Good morning! " * 10)
    ended = command(instance)
    assert ended.exit_code == 1
    assert ended.output == (
        f"Error: The database {database} cannot be used: file is not a database.\n"
    )


def test_a_key_on_a_file_system_that_takes_no_changes_is_used_as_it_is(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def takes_no_changes(path: Path, *_: object, **__: object) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    settings = Settings(instance=instance)
    key = open_instance(settings)
    monkeypatch.setattr("os.chmod", takes_no_changes)  # as containers are handed secrets
    assert open_instance(settings) == key
