"""Every setting: its name, type, default and meaning. Nothing else reads the environment.

A value comes from the variable `HOMEROOM_<NAME>`, else from a file `.env`, else it is the
default; a fresh checkout runs with none set.
"""

import hashlib
import hmac
import os
import platform
from collections.abc import Collection, Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL

from api.env_file import Line, Unreadable, env_files, read_env_file
from api.mail.address import MailServer, mail_server
from api.setting_kinds import (
    Backups,
    Bind,
    Clock,
    DatabaseUrl,
    Durability,
    FilesUrl,
    LogFormat,
    LogLevel,
    MailFrom,
    MailUrl,
    Networks,
    NodeName,
    Origin,
    Origins,
    RedisUrl,
    SecretKey,
    Switch,
    Token,
)
from model.account import Registration
from model.database.address import database_address, sqlite_address
from model.live.subscription import FeedLimits
from model.log.retention import Retention

ROOT = Path(__file__).parent.parent
PREFIX = "HOMEROOM_"
_WHERE_TRACES_GO = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
ENV_FILE = PREFIX + "ENV_FILE"  # names another file than those called .env; empty: none is read


class WrongSettings(Exception):
    """The message names each wrong setting, never a value."""


class BucketSettings(BaseSettings):
    """The settings of `s3://…` under their usual names: AWS_ACCESS_KEY_ID and so on."""

    model_config = SettingsConfigDict(
        env_prefix="AWS_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    access_key_id: str | None = None
    secret_access_key: str | None = Field(default=None, repr=False)
    session_token: str | None = Field(default=None, repr=False)
    region: str | None = None
    endpoint_url: str | None = None
    """Where the object store is, when it is not Amazon's."""

    @property
    def given(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
    )

    bind: Bind = "127.0.0.1:8080"
    """Address and port to listen on."""

    workers: int = Field(default=max(1, min(3, os.cpu_count() or 1)), ge=1, le=64)
    """Worker processes."""

    instance: Path = ROOT / "instance"
    """The folder of everything that must survive."""

    database_url: DatabaseUrl = None
    """postgresql://user:password@host/name; by default SQLite in the instance folder."""

    durability: Durability = Durability.POWER
    """SQLite only. `process`: faster, but a power cut may take back the last moments."""

    redis_url: RedisUrl = None
    """redis://user:password@host:6379/0, by which machines with one database hear each other."""

    node: NodeName | None = None
    """What this machine is called in the log, in metrics and on pages; else its host name."""

    origins: Origins = []
    """Exact origins of front ends elsewhere, comma separated."""

    public_url: Origin | None = None
    """Where people reach this server, if not where it listens; links for others begin with it."""

    registration: Registration = Registration.JOIN_CODE
    """Who may make an account: `open`, `join-code` or `closed`."""

    mail_url: MailUrl = None
    """smtp://user:password@host:587 or smtps://…, which takes mails; by default none are sent."""

    mail_from: MailFrom = Field(default=None, validate_default=True)
    """The address that mails come from, as in Homeroom <homeroom@example.org>."""

    trusted_proxies: Networks = []
    """Addresses or networks whose X-Forwarded-For, -Proto and -Host count, comma separated."""

    files_url: FilesUrl = None
    """s3://bucket/prefix (with `obstore` installed); by default the instance folder."""

    max_file_mb: int = Field(default=25, ge=1)
    """The size of an uploaded file at most."""

    user_quota_mb: int = Field(default=500, ge=1)
    """The size of all files and documents of a person together, and of what may come a day."""

    backups: Backups = Backups.OFF
    """`daily` makes one a day, in the instance folder."""

    backup_at: Clock = "03:00"
    """When: hours and minutes, UTC."""

    backups_kept: int = Field(default=7, ge=1)
    """How many of those are kept."""

    backup_download: Switch = Switch.OFF
    """`on` lets administrators fetch backups by page: whoever has one reads every group."""

    metrics_token: Token | None = None
    """What whoever asks for /metrics has to show; without it there is no such page."""

    log_level: LogLevel = LogLevel.INFO
    """What is left out of the log: whatever is less than this."""

    log_format: LogFormat = LogFormat.AUTO
    """`json`, `plain`, or `auto`: plain where the log goes to a terminal."""

    slow_statement_ms: int = Field(default=500, ge=1)
    """A statement that takes longer is told in the log, with its name."""

    limits: Switch = Switch.ON
    """`off` only for benchmarks: nobody is slowed down, passwords can be guessed."""

    secret_key: SecretKey | None = None
    """Signs links and devices; by default made on the first start, in the instance folder."""

    live_topics: int = Field(default=100, ge=1)
    """Topics a live connection may follow."""

    live_connections: int = Field(default=20, ge=1)
    """Live connections of one user at a worker."""

    live_commands_burst: int = Field(default=60, ge=1)
    """Commands of a live connection at once."""

    live_commands_per_s: int = Field(default=30, ge=1)
    """Commands of a live connection a second, sustained."""

    live_signals_burst: int = Field(default=60, ge=1)
    """Signals of a live connection at once."""

    live_signals_per_s: int = Field(default=30, ge=1)
    """Signals of a live connection a second, sustained."""

    live_replay_events: int = Field(default=FeedLimits.replay_events, ge=1)
    """Events of a topic that are replayed at most; who is further behind fetches the list."""

    live_ring_events: int = Field(default=FeedLimits.ring_events, ge=1)
    """Events of a topic that a worker keeps in memory."""

    live_ring_mb: int = Field(default=FeedLimits.ring_chars // 2**20, ge=1)
    """Their size."""

    live_rings_mb: int = Field(default=FeedLimits.worker_chars // 2**20, ge=1)
    """The size of all of them in a worker."""

    live_keep_days: int = Field(default=Retention.days, ge=1)
    """Days that the event log is kept; who was away for longer fetches the lists again."""

    live_keep_events: int = Field(default=Retention.events, ge=1)
    """Events that it keeps at most, of all topics together; the longest topics lose first."""

    audit_days: int = Field(default=Retention.audit_days, ge=1)
    """Days that the audit and the records of groups are kept."""

    @property
    def database_address(self) -> URL:
        if self.database_url is not None:
            return database_address(self.database_url.get_secret_value())
        return sqlite_address(self.instance / "app.db")

    @property
    def node_name(self) -> str:
        return self.node or platform.node()

    @property
    def mail_server(self) -> MailServer | None:
        return None if self.mail_url is None else mail_server(self.mail_url.get_secret_value())

    @property
    def max_file_bytes(self) -> int:
        return self.max_file_mb * 2**20

    @property
    def user_quota_bytes(self) -> int:
        return self.user_quota_mb * 2**20

    @property
    def is_limited(self) -> bool:
        return self.limits == Switch.ON

    @property
    def is_lossy(self) -> bool:
        return self.durability == Durability.PROCESS

    @property
    def feed_limits(self) -> FeedLimits:
        return FeedLimits(
            ring_events=self.live_ring_events,
            ring_chars=self.live_ring_mb * 2**20,
            worker_chars=self.live_rings_mb * 2**20,
            replay_events=self.live_replay_events,
        )

    @property
    def retention(self) -> Retention:
        return Retention(self.live_keep_days, self.live_keep_events, self.audit_days)

    @property
    def host(self) -> str:
        """Where to listen; an IPv6 address is in brackets."""
        return self.bind.rpartition(":")[0]

    @property
    def port(self) -> str:
        return self.bind.rpartition(":")[2]

    @property
    def answers_others(self) -> bool:
        """Whether it listens at every address of the machine."""
        return self.host in {"0.0.0.0", "[::]"}  # noqa: S104 - compared

    @property
    def url(self) -> str:
        """The address of the pages for a person on this machine."""
        if self.public_url:
            return self.public_url
        return f"http://{'localhost' if self.answers_others else self.host}:{self.port}"

    @staticmethod
    def first_token(signing_key: bytes) -> str:
        """The token of the link that makes the first account, which works once."""
        return hmac.new(signing_key, b"first account", hashlib.sha256).hexdigest()[:32]


def load_settings(**given: str | int) -> Settings:
    """The settings; what is `given` by name wins over what is written anywhere.

    Raises WrongSettings, which names each wrong setting but shows no value.
    """
    try:
        return Settings(**_written(PREFIX) | given)
    except ValidationError as error:
        raise WrongSettings(
            "\n".join(
                f"{PREFIX}{str(problem['loc'][0]).upper()}:"
                f" {problem['msg'].removeprefix('Value error, ')}"
                for problem in error.errors(include_input=False, include_url=False)
            )
        ) from None


def load_bucket_settings() -> BucketSettings:
    return BucketSettings(**_written("AWS_"))


def are_traces_wanted() -> bool:
    """Whether OpenTelemetry's variables say where traces go.

    It reads nothing but the environment, so what a file says is put there.
    """
    for line in (each for each in _lines() if each.name.startswith("OTEL_")):
        os.environ.setdefault(line.name, line.value)
    given = os.environ.get
    is_off = "true" in given("OTEL_SDK_DISABLED", "").lower()
    is_ours = given("OTEL_TRACES_EXPORTER", "otlp") == "otlp"
    return is_ours and not is_off and any(map(given, _WHERE_TRACES_GO))


def misspelt_settings() -> Iterator[str]:
    """A sentence for each name, in the environment or a file, that looks like a setting's."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    places = {line.name: f" in {line.file}" for line in _lines()}
    for name in sorted({*places, *map(str.upper, os.environ)} - known - {ENV_FILE}):
        meant = _meant(name, known)
        if (meant or name.startswith(PREFIX)) and "_TEST_" not in name:
            said = "there is no such setting; it is ignored."
            question = f" Did you mean {meant}?" if meant else ""
            yield f"{name}{places.get(name, '')}: {said}{question}"


def _meant(name: str, known: Collection[str]) -> str | None:
    """The setting that is meant by a wrong name; the beginning may be wrong, or the rest."""
    if not name.startswith(PREFIX):
        return next(iter(get_close_matches(name, known, 1, 0.9)), None)
    rest, rests = name.removeprefix(PREFIX), [of.removeprefix(PREFIX) for of in known]
    close = sorted(get_close_matches(rest, rests), key=lambda of: of[:1] != rest[:1])
    return next((PREFIX + of for of in close), None)


def _written(prefix: str) -> dict[str, Any]:
    """What the files say of the settings that the environment does not name."""
    named = {name.upper() for name, value in os.environ.items() if value}
    return {
        line.name.removeprefix(prefix).lower(): line.value
        for line in _lines()
        if line.name.startswith(prefix) and line.name not in named
    }


def _lines() -> list[Line]:
    """The lines of all files; of two with one name the later one counts."""
    try:
        files = env_files([ROOT, Path.cwd()], os.environ.get(ENV_FILE))
        return [_from_its_folder(line) for file in files for line in read_env_file(file)]
    except Unreadable as error:
        raise WrongSettings(str(error)) from None


def _from_its_folder(line: Line) -> Line:
    """A path in a file begins where the file is."""
    is_path = line.name == PREFIX + "INSTANCE"
    return replace(line, value=str(line.file.parent / line.value)) if is_path else line
