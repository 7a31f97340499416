"""What is in front of a server: nginx and Caddy, as the tests configure them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.pooler import listens
from tests.support.waiting import within

_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
{user}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/proxied;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=all:1m;
{servers}
}}
"""


@contextmanager
def nginx(folder: Path, servers: str, port: int) -> Iterator[None]:
    """It runs with some blocks `server`, one of which listens on the port."""
    file = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    file.write_text(_NGINX.format(folder=folder, servers=servers, user=user))
    with _running("nginx", ["-e", str(folder / "nginx.log"), "-c", str(file)], port, folder):
        yield


@contextmanager
def caddy(folder: Path, site: str, port: int) -> Iterator[None]:
    file = folder / "Caddyfile"
    file.write_text("{\n admin off\n auto_https off\n}\n" + site)
    with _running("caddy", ["run", "--config", str(file)], port, folder):
        yield


@contextmanager
def _running(name: str, arguments: list[str], port: int, folder: Path) -> Iterator[None]:
    program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        why = f"{name} is not there: your system's package of this name has it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    log = folder / f"{name}.out"
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with log.open("wb") as output:
        running = subprocess.Popen(
            [program, *arguments], env=environment, stdout=output, stderr=output
        )
    try:
        assert within(10, lambda: listens(port)), log.read_text()
        yield
    finally:
        running.terminate()
        running.wait(10)
