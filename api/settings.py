"""Every setting: its name, type, default and meaning. Nothing else reads the environment.

A value comes from the variable `HOMEROOM_<NAME>`, else from the file `.env`, else it is the
default; a fresh checkout runs with none set.
"""

import hashlib
import hmac
import ipaddress
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import URL, make_url

from model.account import Registration
from model.database.address import sqlite_address
from model.live.subscription import FeedLimits
from model.log.retention import Retention
from model.storage.s3 import S3_IS_INSTALLED

ROOT = Path(__file__).parent.parent
PREFIX = "HOMEROOM_"
MIN_KEY_CHARS = 32  # 128 bits, even in hexadecimal
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/(?!\.{1,2}(/|$))[A-Za-z0-9_.-]+)*/?")


class Durability(StrEnum):
    POWER = "power"
    PROCESS = "process"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


def _listed(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    host_only = not (parts.path or parts.query or parts.fragment or parts.username)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not host_only:
        raise ValueError("it must be like https://pages.example.org, without a path")
    return value.lower()


def _bind(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the last port
        raise ValueError("it must be an address and a port, like 127.0.0.1:8080")
    return value


def _database_url(value: str | None) -> str | None:
    if value is not None and not value.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite:")):
        raise ValueError("it must begin with postgresql+asyncpg:// or sqlite+aiosqlite:///")
    return value


def _files_url(value: str | None) -> str | None:
    if value is not None and not BUCKET.fullmatch(value):
        raise ValueError("it must be like s3://bucket/prefix")
    if value is not None and not S3_IS_INSTALLED:
        raise ValueError("it needs the package `obstore`: instance/README.md says how")
    return value


def _network(value: str) -> str:
    return str(ipaddress.ip_network(value, strict=False))


def is_secret(key: str) -> bool:
    """Whether nobody can guess a key; after a power cut a file may be empty, or full of NUL."""
    return len(key) >= MIN_KEY_CHARS and key.isprintable()


def _secret_key(value: SecretStr) -> SecretStr:
    if not is_secret(value.get_secret_value()):
        raise ValueError(
            f"it needs {MIN_KEY_CHARS} characters or more, such as `openssl rand -base64 32` prints"
        )
    return value


Listed = (NoDecode, BeforeValidator(_listed))
Bind = Annotated[str, AfterValidator(_bind)]
DatabaseUrl = Annotated[SecretStr | None, BeforeValidator(_database_url)]
FilesUrl = Annotated[str | None, AfterValidator(_files_url)]
Origin = Annotated[str, AfterValidator(_origin)]
Origins = Annotated[list[Origin], *Listed]
SecretKey = Annotated[SecretStr, AfterValidator(_secret_key)]
Networks = Annotated[list[Annotated[str, AfterValidator(_network)]], *Listed]


class WrongSettings(Exception):
    """The message names each wrong setting, never a value."""


class BucketSettings(BaseSettings):
    """The settings of `s3://…` under their usual names: AWS_ACCESS_KEY_ID and so on."""

    model_config = SettingsConfigDict(
        env_prefix="AWS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
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
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    bind: Bind = "127.0.0.1:8080"
    """Address and port to listen on."""

    workers: int = Field(default=max(1, min(3, os.cpu_count() or 1)), ge=1, le=64)
    """Worker processes."""

    instance: Path = ROOT / "instance"
    """The folder of everything that must survive."""

    database_url: DatabaseUrl = None
    """postgresql+asyncpg://user:password@host/name; by default SQLite in the instance folder."""

    durability: Durability = Durability.POWER
    """SQLite only. `process`: faster, but a power cut may take back the last moments."""

    origins: Origins = []
    """Exact origins of front ends elsewhere, comma separated."""

    public_url: Origin | None = None
    """Where people reach this server, when that is not the address it listens on."""

    registration: Registration = Registration.JOIN_CODE
    """Who may make an account: `open`, `join-code` or `closed`."""

    trusted_proxies: Networks = []
    """Addresses or networks whose X-Forwarded-For, -Proto and -Host count, comma separated."""

    files_url: FilesUrl = None
    """s3://bucket/prefix (with `obstore` installed); by default the instance folder."""

    max_file_mb: int = Field(default=25, ge=1)
    """The size of an uploaded file at most."""

    user_quota_mb: int = Field(default=500, ge=1)
    """The size of all files and documents of a person together, and of what may come a day."""

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
    """Days that events of the topic `admin` are kept, however many there are."""

    @property
    def database_address(self) -> URL:
        if self.database_url is not None:
            return make_url(self.database_url.get_secret_value())
        return sqlite_address(self.instance / "app.db")

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
    def url(self) -> str:
        """The address of the pages for a person on this machine."""
        if self.public_url:
            return self.public_url
        host, _, port = self.bind.rpartition(":")
        return f"http://{'localhost' if host in {'0.0.0.0', '[::]'} else host}:{port}"  # noqa: S104

    @staticmethod
    def first_token(signing_key: bytes) -> str:
        """The token of the link that makes the first account, which works once."""
        return hmac.new(signing_key, b"first account", hashlib.sha256).hexdigest()[:32]


def load_settings(**given: Any) -> Settings:
    """Raises WrongSettings, which names each wrong setting but shows no value."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise WrongSettings(
            "\n".join(
                f"{PREFIX}{str(problem['loc'][0]).upper()}:"
                f" {problem['msg'].removeprefix('Value error, ')}"
                for problem in error.errors(include_input=False, include_url=False)
            )
        ) from None


def unknown_settings() -> list[str]:
    """Variables that look like settings and are none, most likely because they are misspelt."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    ours = (name for name in os.environ if name.startswith(PREFIX))
    return sorted(name for name in ours if name not in known and "_TEST_" not in name)
