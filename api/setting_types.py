"""What a setting may be. Whoever gives something else is told what it is like."""

import ipaddress
import re
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from model.storage.s3 import S3_IS_INSTALLED

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
        raise ValueError("an origin is like https://pages.example.org, without a path")
    return value.lower()


def _bind(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the last port
        raise ValueError("an address and a port are like 127.0.0.1:8080")
    return value


def _database_url(value: str | None) -> str | None:
    if value is not None and not value.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite:")):
        raise ValueError("it begins with postgresql+asyncpg:// (or sqlite+aiosqlite:///)")
    return value


def _files_url(value: str | None) -> str | None:
    if value is not None and not BUCKET.fullmatch(value):
        raise ValueError("it is like s3://bucket/prefix")
    if value is not None and not S3_IS_INSTALLED:
        raise ValueError("it takes the package `obstore`: README.md says how, under Deployment")
    return value


def _network(value: str) -> str:
    return str(ipaddress.ip_network(value, strict=False))


Listed = (NoDecode, BeforeValidator(_listed))
Bind = Annotated[str, AfterValidator(_bind)]
DatabaseUrl = Annotated[SecretStr | None, BeforeValidator(_database_url)]
FilesUrl = Annotated[str | None, AfterValidator(_files_url)]
Origin = Annotated[str, AfterValidator(_origin)]
Origins = Annotated[list[Origin], *Listed]
Networks = Annotated[list[Annotated[str, AfterValidator(_network)]], *Listed]
