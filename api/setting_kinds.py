"""The kinds of values that settings have. Whoever writes a wrong one reads what is right.

No message shows a value: it may be a secret.
"""

import ipaddress
import re
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, StringConstraints, ValidationInfo
from pydantic_settings import NoDecode

from api.mail.address import mail_sender, mail_server
from api.origin import origin_as_sent
from model.database.address import database_address

MIN_KEY_CHARS = 32  # 128 bits, even in hexadecimal
MIN_TOKEN_CHARS = 16
_REDIS_PATH = re.compile(r"(/\d*)?")
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/(?!\.{1,2}(/|$))[A-Za-z0-9_.-]+)*/?")


class Durability(StrEnum):
    POWER = "power"
    PROCESS = "process"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class Backups(StrEnum):
    OFF = "off"
    DAILY = "daily"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    PLAIN = "plain"


def _listed(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _bind(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the last port
        raise ValueError("it must be an address and a port, like 127.0.0.1:8080")
    return value


def _database_url(value: str | None) -> str | None:
    if value is None:
        return None
    database_address(value.strip())
    return value.strip()


def _redis_url(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not _names_redis(value.get_secret_value()):
        raise ValueError("it must be like redis://user:password@host:6379/0, or rediss://…")
    return value


def _names_redis(url: str) -> bool:
    """Whether it is an address that is taken as it was meant; a `/` in a password ends the host."""
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        return False
    is_redis = parts.scheme in {"redis", "rediss"} and has_port and bool(parts.hostname)
    return is_redis and not parts.fragment and bool(_REDIS_PATH.fullmatch(parts.path))


def _files_url(value: str | None) -> str | None:
    if value is not None and not BUCKET.fullmatch(value):
        raise ValueError("it must be like s3://bucket/prefix")
    if value is not None:
        try:
            import obstore  # noqa: F401, PLC0415 - loaded by nobody who keeps files in the folder
        except ImportError:
            message = "it needs the package `obstore`: instance/README.md says how"
            raise ValueError(message) from None
    return value


def _mail_url(value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if value is not None:
        mail_server(value.get_secret_value())
        if info.data.get("public_url", "wrong") is None:
            raise ValueError("it needs HOMEROOM_PUBLIC_URL, with which links in mails begin")
    return value


def _mail_from(value: str | None, info: ValidationInfo) -> str | None:
    if value is not None:
        mail_sender(value)
    elif info.data.get("mail_url") is not None:
        raise ValueError("HOMEROOM_MAIL_URL needs it: the address that mails come from")
    return value


def _network(value: str) -> str:
    return str(ipaddress.ip_network(value, strict=False))


def is_secret(key: str) -> bool:
    """Whether nobody can guess a key; after a power cut a file may be empty, or full of NUL."""
    return len(key) >= MIN_KEY_CHARS and key.isprintable()


def _token(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_TOKEN_CHARS:
        raise ValueError(
            f"it needs {MIN_TOKEN_CHARS} characters or more, such as `openssl rand -hex 16` prints"
        )
    return value


def _secret_key(value: SecretStr) -> SecretStr:
    if not is_secret(value.get_secret_value()):
        raise ValueError(
            f"it needs {MIN_KEY_CHARS} characters or more, such as `openssl rand -base64 32` prints"
        )
    return value


Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
NodeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Token = Annotated[SecretStr, AfterValidator(_token)]
RedisUrl = Annotated[SecretStr | None, AfterValidator(_redis_url)]
Listed = (NoDecode, BeforeValidator(_listed))
Bind = Annotated[str, AfterValidator(_bind)]
DatabaseUrl = Annotated[SecretStr | None, BeforeValidator(_database_url)]
FilesUrl = Annotated[str | None, AfterValidator(_files_url)]
MailUrl = Annotated[SecretStr | None, AfterValidator(_mail_url)]
MailFrom = Annotated[str | None, AfterValidator(_mail_from)]
Origin = Annotated[str, AfterValidator(origin_as_sent)]
Origins = Annotated[list[Origin], *Listed]
SecretKey = Annotated[SecretStr, AfterValidator(_secret_key)]
Networks = Annotated[list[Annotated[str, AfterValidator(_network)]], *Listed]
