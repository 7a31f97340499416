"""The settings, as people write them down."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import cli
from api.settings import Settings, WrongSettings, load_settings


@pytest.fixture(autouse=True)
def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, whose `.env` is read."""
    monkeypatch.delenv("HOMEROOM_ENV_FILE")
    monkeypatch.chdir(tmp_path)
    return tmp_path


SAVED = {
    "UTF-8": "utf-8",
    "UTF-8 with a mark": "utf-8-sig",
    "by PowerShell": "utf-16",  # with a mark, in this machine's order
    "by old editors on Windows": "cp1252",
}


@pytest.mark.parametrize("encoding", SAVED.values(), ids=SAVED)
def test_the_file_is_read_however_it_was_saved(at_work: Path, encoding: str) -> None:
    text = "# für den Kurs\r\nHOMEROOM_WORKERS=7\r\nHOMEROOM_INSTANCE=Zoë\r\n"
    (at_work / ".env").write_bytes(text.encode(encoding))
    settings = load_settings()
    assert (settings.workers, settings.instance) == (7, at_work / "Zoë")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"HOMEROOM_WORKERS=\x81\x8d", "it is no text. Save it as UTF-8."),
        ("HOMEROOM_WORKERS=7".encode("utf-16-le"), "it is no text. Save it as UTF-8."),
    ],
)
def test_a_file_that_cannot_be_read_is_named_in_one_line(
    at_work: Path, content: bytes, said: str
) -> None:
    file = at_work / ".env"
    file.write_bytes(content)
    ended = CliRunner().invoke(cli, ["serve"])
    assert (ended.exit_code, ended.output) == (1, f"Error: {file}: {said}\n")


def test_a_folder_named_env_is_no_file_of_settings(at_work: Path) -> None:
    (at_work / ".env").mkdir()  # as some call the environment of a project
    assert load_settings() == Settings()


def test_the_environment_wins_over_the_file(at_work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (at_work / ".env").write_text("HOMEROOM_WORKERS=7\nHOMEROOM_LIVE_TOPICS=8\nhomeroom_bind=x:9\n")
    monkeypatch.setenv("HOMEROOM_WORKERS", "2")
    monkeypatch.setenv("HOMEROOM_LIVE_TOPICS", "")
    settings = load_settings()
    assert (settings.workers, settings.live_topics, settings.bind) == (2, 8, "x:9")
    monkeypatch.setenv("HOMEROOM_ENV_FILE", "")
    assert load_settings() == Settings(workers=2)


MEANT = {
    "https://Pages.Example.ORG": "https://pages.example.org",
    "https://pages.example.org/": "https://pages.example.org",
    "https://pages.example.org:443": "https://pages.example.org",
    "http://pages.example.org:80": "http://pages.example.org",
    "http://pages.example.org:443": "http://pages.example.org:443",
    "https://MÜNCHEN.example:8443/": "https://xn--mnchen-3ya.example:8443",
    "http://[0:0:0:0:0:0:0:1]:3000": "http://[::1]:3000",
    "http://192.168.0.7:8000": "http://192.168.0.7:8000",
}


def test_an_origin_is_understood_however_people_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEROOM_ORIGINS", ", ".join(MEANT))
    assert load_settings().origins == list(MEANT.values())
    for written, meant in MEANT.items():
        monkeypatch.setenv("HOMEROOM_PUBLIC_URL", written)
        assert load_settings().public_url == meant


LIKE = "it must be like https://pages.example.org"
SCHEME = "it must begin with https:// (or http://)"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("https://bob.github.io/class", "it must be without a path: https://bob.github.io"),
        ("https://BOB.github.io:443/#top", "it must be without a path: https://bob.github.io"),
        ("pages.example.org", SCHEME),
        ("localhost:5173", SCHEME),
        ("null", SCHEME),
        ("https://*.example.org", "it must be named in full: * stands for nothing"),
        ("https://straße.example", "its host must be as browsers send it, beginning with xn--"),
        ("https://ann:s3cret@pages.example.org", LIKE),
        ("https://", LIKE),
        ("https://a b", LIKE),
        ("https://a..b", LIKE),
        ("https://pages.example.org:http", LIKE),
        ("ftp://pages.example.org", LIKE),
        ("http://[::g]", LIKE),
    ],
)
def test_an_origin_that_no_browser_sends_is_refused_with_what_is_right(
    monkeypatch: pytest.MonkeyPatch, written: str, said: str
) -> None:
    monkeypatch.setenv("HOMEROOM_ORIGINS", written)
    monkeypatch.setenv("HOMEROOM_PUBLIC_URL", written)
    with pytest.raises(WrongSettings) as refused:
        load_settings()
    assert str(refused.value) == f"HOMEROOM_ORIGINS: {said}\nHOMEROOM_PUBLIC_URL: {said}"


MAIL = {
    "PUBLIC_URL": "https://class.example.org",
    "MAIL_URL": "smtp://zoe:s3cret@mail.example.org",
    "MAIL_FROM": "zoe@example.org",
}
SERVER_LIKE = (
    "HOMEROOM_MAIL_URL: it must be like smtp://user:password@mail.example.org:587, or smtps:// with"
    " 465; what is no letter or digit in user and password is written like %40 for @"
)
NEEDS_URL = "it needs HOMEROOM_PUBLIC_URL, with which links in mails begin"
NEEDS_SENDER = "HOMEROOM_MAIL_URL needs it: the address that mails come from"
SENDER_LIKE = (
    "HOMEROOM_MAIL_FROM: it must be like homeroom@example.org, or Homeroom <homeroom@example.org>"
)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "PUBLIC_URL",
            "",
            f"HOMEROOM_MAIL_URL: {NEEDS_URL}",
        ),
        (
            "MAIL_FROM",
            "",
            f"HOMEROOM_MAIL_FROM: {NEEDS_SENDER}",
        ),
        *(
            ("MAIL_URL", url, SERVER_LIKE)
            for url in (
                "mail.example.org:587",
                "http://mail.example.org",
                "smtp://",
                "smtp://zoe:s3cret@",
                "smtp://zoe@mail.example.org",
                "smtp://:s3cret@mail.example.org",
                "smtp://zoe:s3/cret@mail.example.org",
                "smtp://zoe:s3#cret@mail.example.org",
                "smtp://zoe:s3cret@mail.example.org:smtp",
                "smtp://zoe:s3cret@mail.example.org:0",
                "smtp://zoe:s3cret@mail.example.org/?tls=no",
                "smtp://zoe:s3cret@ma il.example.org",
            )
        ),
        *(
            ("MAIL_FROM", sender, SENDER_LIKE)
            for sender in ("Homeroom", "a@b.c, d@e.f", "a@b.c\nBcc: d@e.f", "<>", "a b@c.d")
        ),
    ],
)
def test_a_wrong_mail_server_or_sender_stops_the_start_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    for each, right in MAIL.items():
        monkeypatch.setenv(f"HOMEROOM_{each}", right)
    assert "s3cret" not in repr(load_settings())
    monkeypatch.setenv(f"HOMEROOM_{name}", value)
    ended = CliRunner().invoke(cli, ["serve"])
    assert ended.exit_code == 1
    assert said in ended.output
    assert "s3cret" not in ended.output
    assert ended.output.count("\n") == 1


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://zoe:s3cret@host",
        "redis://",
        "redis://zoe:s3cret@",
        "redis://zoe:s3/cret@host",
        "redis://zoe:s3#cret@host",
        "redis://zoe:s3cret@host:port",
        "redis://zoe:s3cret@host/name",
        "unix:///run/redis.sock",
    ],
)
def test_an_address_that_names_no_redis_stops_the_start_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HOMEROOM_REDIS_URL", "rediss://zoe:s3cret@host:6380/1?ssl_ca_certs=ca.pem")
    assert "s3cret" not in repr(load_settings())
    monkeypatch.setenv("HOMEROOM_REDIS_URL", url)
    with pytest.raises(WrongSettings) as stopped:
        load_settings()
    like = "it must be like redis://user:password@host:6379/0, or rediss://…"
    assert str(stopped.value) == f"HOMEROOM_REDIS_URL: {like}"


def test_what_is_misspelt_is_told_with_the_name_that_was_meant(
    at_work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = at_work / ".env"
    file.write_text("HOMEROOM_WORKER=2\nHOMROOM_BIND=x:9\nCOMPOSE_PROJECT_NAME=a\nHOMEROOM_BIND=\n")
    monkeypatch.setenv("HOMEROOM_DB_URL", "postgresql://s3cret")
    monkeypatch.setenv("HOMEROOM_PIGEONS", "12")
    monkeypatch.setenv("HOMEROOM_INSTANCE", str(file))
    *told, error = CliRunner().invoke(cli, ["new-epoch"]).output.splitlines()
    ignored = "there is no such setting; it is ignored."
    assert told == [
        f"HOMEROOM_DB_URL: {ignored} Did you mean HOMEROOM_DATABASE_URL?",
        f"HOMEROOM_PIGEONS: {ignored}",
        f"HOMEROOM_WORKER in {file}: {ignored} Did you mean HOMEROOM_WORKERS?",
        f"HOMROOM_BIND in {file}: {ignored} Did you mean HOMEROOM_BIND?",
    ]
    assert error == f"Error: HOMEROOM_INSTANCE: File exists: {file}."


def test_a_file_that_is_named_and_not_there_stops_the_start(
    at_work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEROOM_ENV_FILE", "other.env")
    with pytest.raises(WrongSettings, match=r"other\.env: No such file or directory\."):
        load_settings()
    (at_work / "other.env").write_text("HOMEROOM_WORKERS=7\n")
    assert load_settings().workers == 7
