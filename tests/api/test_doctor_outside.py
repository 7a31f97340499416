"""The doctor looks at a site through a real proxy, as a browser does, and finds what it spoils.

A file that nobody is signed in for is refused after five seconds, as long as it does not come, and
where a proxy keeps it the doctor waits for eight: the tests here wait, and do little else.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import cli
from api.doctor import passing
from api.doctor.finding import Wrong
from api.doctor.origin import check_origin
from api.doctor.reach import http_findings
from api.doctor.site import Site
from api.prove.instance import free_port
from api.settings import Settings
from tests.support.certificates import new_certificate
from tests.support.front import caddy, nginx
from tests.support.server import ROOT, Server

NGINX_S = "127.0.0.9"
DEPLOY = ROOT / "deploy"
PAGES = "https://pages.example.org"

SHIPPED = {
    "listen 80;": "listen 127.0.0.1:{to_https};",
    "listen 443 ssl;": "listen 127.0.0.1:{good} ssl;",
    "homeroom.example.org;": "localhost;",
    "/etc/letsencrypt/live/homeroom.example.org/fullchain.pem": "{certificate}",
    "/etc/letsencrypt/live/homeroom.example.org/privkey.pem": "{key}",
    "127.0.0.1:8080;": "127.0.0.1:{upstream}; proxy_bind 127.0.0.9;",
}
"""What an operator changes in deploy/nginx.conf, and the address by which it is known here."""

AS_IT_COMES = """
server {{
  listen 127.0.0.1:{as_it_comes} ssl;
  ssl_certificate {certificate_of_another};
  ssl_certificate_key {key_of_another};
  location / {{
    proxy_pass http://127.0.0.1:{upstream};
    proxy_bind 127.0.0.9;
    proxy_set_header Authorization "";
    proxy_set_header Accept-Encoding "";
    proxy_ignore_headers X-Accel-Buffering;
    add_header Access-Control-Allow-Origin * always;
    limit_except GET POST {{ deny all; }}
  }}
  location = /api/me {{
    proxy_pass http://127.0.0.1:{upstream};
    proxy_ignore_headers Cache-Control Vary;
    proxy_cache all;
    proxy_cache_valid any 1m;
    add_header Access-Control-Allow-Origin * always;
  }}
}}
"""

NEARLY = """
server {{
  listen 127.0.0.1:{nearly} ssl;
  ssl_certificate {old_certificate};
  ssl_certificate_key {old_key};
  client_max_body_size 26m;
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $http_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_bind 127.0.0.9;
  location / {{
    if ($request_method = OPTIONS) {{ return 204; }}
    proxy_pass http://127.0.0.1:{upstream};
  }}
  location = /api/live {{
    proxy_pass http://127.0.0.1:{upstream};
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
  }}
}}
"""

WITHOUT_SERVER = """
server {{
  listen 127.0.0.1:{without_server};
  location / {{ proxy_pass http://127.0.0.1:1; }}
  location /health {{ proxy_pass http://127.0.0.1:1; }}
}}
server {{
  listen 127.0.0.1:{in_clear};
  location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
}}
server {{
  listen 127.0.0.1:{elsewhere};
  return 301 https://www.example.org$request_uri;
}}
"""
PORTS = ("to_https", "good", "as_it_comes", "nearly", "without_server", "in_clear", "elsewhere")


@dataclass
class Front:
    """nginx in front of a server, with a site on each of its ports."""

    ports: dict[str, int]
    authority: Path

    def url(self, site: str, scheme: str = "https", host: str = "localhost") -> str:
        return f"{scheme}://{host}:{self.ports[site]}"


def shipped() -> str:
    """The file of the project, in which the braces of nginx are doubled."""
    lines = (DEPLOY / "nginx.conf").read_text()
    lines = lines.replace("{", "{{").replace("}", "}}")
    for written, here in SHIPPED.items():
        assert written in lines, written
        lines = lines.replace(written, here)
    return lines


def found(url: str, *more: str, trusted: str = NGINX_S) -> set[str]:
    """The names of what is wrong."""
    environment = {"HOMEROOM_TRUSTED_PROXIES": trusted}
    asked = CliRunner().invoke(cli, ["doctor", "--url", url, *more], env=environment)
    lines = asked.stdout.splitlines()
    names = {line.split()[2].rstrip(":") for line in lines if line.startswith("WRONG")}
    assert asked.exit_code == bool(names), (asked.output, asked.exception)
    return names


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    given = {"HOMEROOM_TRUSTED_PROXIES": NGINX_S, "HOMEROOM_ORIGINS": PAGES}
    server = Server(tmp_path_factory.mktemp("upstream") / "instance", workers=1, settings=given)
    yield server.start()
    server.close()


@pytest.fixture(scope="module")
def front(upstream: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front")
    certificate, key = new_certificate(folder / "good")
    of_another, key_of_another = new_certificate(folder / "another", "another.example.org")
    old, old_key = new_certificate(folder / "old", lasts=timedelta(hours=1))
    ports = {site: free_port() for site in PORTS}
    servers = (shipped() + AS_IT_COMES + NEARLY + WITHOUT_SERVER).format(
        upstream=upstream.port,
        certificate=certificate,
        key=key,
        certificate_of_another=of_another,
        key_of_another=key_of_another,
        old_certificate=old,
        old_key=old_key,
        **ports,
    )
    authority = folder / "authorities.pem"
    authority.write_text("".join(file.read_text() for file in (certificate, of_another, old)))
    with nginx(folder, servers, ports["good"]):
        yield Front(ports, authority)


@pytest.fixture(autouse=True)
def trusting(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(front.authority))


def test_nothing_is_wrong_behind_nginx_with_the_file_that_is_here(front: Front) -> None:
    assert found(front.url("good"), "--origin", PAGES) == set()


def test_what_nginx_spoils_as_it_comes_is_found(front: Front) -> None:
    assert found(front.url("as_it_comes")) == {
        "certificate_of_another",
        "scheme_unknown",
        "host_unknown",
        "clients_unknown",
        "clients_believed",
        "answers_cached",
        "methods_blocked",
        "authorization_dropped",
        "bodies_refused",
        "uncompressed",
        "socket_blocked",
        "events_held",
    }


def test_what_is_spoiled_for_pages_elsewhere_is_found(front: Front) -> None:
    site = Site(front.url("as_it_comes"), Settings(), PAGES)
    site.tls.check_hostname = False
    (finding,) = check_origin(site)
    assert isinstance(finding, Wrong)
    assert finding.name == "cors_of_another"


def test_what_is_nearly_right_is_found(front: Front) -> None:
    assert found(front.url("nearly"), "--origin", PAGES) == {
        "certificate_ends",
        "clients_unknown",
        "clients_believed",
        "uploads_held",
        "socket_of_another",
        "preflight_of_another",
    }


def test_a_proxy_without_a_server_and_a_site_that_is_elsewhere_are_found(front: Front) -> None:
    assert found(front.url("without_server", "http")) == {"proxy_without_server"}
    assert found(front.url("elsewhere", "http")) == {"site_is_elsewhere"}
    assert found(f"http://localhost:{free_port()}") == {"no_answer"}


def test_pages_that_are_there_without_https_are_found(front: Front) -> None:
    site = Site(front.url("good"), Settings())
    (finding,) = http_findings(site, front.ports["in_clear"])
    assert isinstance(finding, Wrong)
    assert finding.name == "http_open"
    assert list(http_findings(site, front.ports["elsewhere"])) == []
    assert list(http_findings(site, free_port())) == []


def test_an_origin_that_is_not_named_is_found(front: Front) -> None:
    site = Site(front.url("good"), Settings(), "https://another.example.org")
    assert [finding.name for finding in check_origin(site) if isinstance(finding, Wrong)] == [
        "origin_unknown"
    ]


def test_nothing_is_wrong_behind_caddy_with_the_file_that_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caddy comes from this machine's own address, so it takes a server that trusts that one."""
    server = Server(tmp_path / "instance", workers=1)
    server.settings = {"HOMEROOM_TRUSTED_PROXIES": "127.0.0.1", "HOMEROOM_ORIGINS": PAGES}
    certificate, key = new_certificate(tmp_path)
    port = free_port()
    site = (DEPLOY / "Caddyfile").read_text()
    here = f"https://localhost:{port} {{\n  bind 127.0.0.1\n  tls {certificate} {key}"
    site = site.replace("{$SITE:localhost} {", here)
    site = site.replace("{$NODES:web:8080}", f"127.0.0.1:{server.port}")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server.start()
    try:
        with caddy(tmp_path, site, port):
            names = found(f"https://localhost:{port}", "--origin", PAGES, trusted="127.0.0.1")
            assert names == set()
    finally:
        server.close()


def test_a_websocket_that_is_never_answered_behind_caddy_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = new_certificate(tmp_path)
    port = free_port()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(passing, "ANSWERS_WITHIN_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site = f"""https://localhost:{port} {{
          bind 127.0.0.1
          tls {certificate} {key}
          reverse_proxy 127.0.0.1:{silent.getsockname()[1]}
        }}"""
        with caddy(tmp_path, site, port):
            (finding,) = passing.check_websocket(Site(f"https://localhost:{port}", Settings()))
    assert isinstance(finding, Wrong)
    assert finding.name == "socket_blocked"
