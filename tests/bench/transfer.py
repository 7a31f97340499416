"""Files to the server and from it, over plain HTTP."""

import hashlib
import http.client
import time
from pathlib import Path

from tests.support.http_client import HttpClient
from tests.support.server import Server

CHUNK = 1024 * 1024
HEAD = b'--form\r\nContent-Disposition: form-data; name="file"; filename="large"\r\n\r\n'
TAIL = b"\r\n--form--\r\n"


def upload_large(server: Server, ann: HttpClient, content: Path) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.putrequest("POST", "/api/files")
    size = len(HEAD) + content.stat().st_size + len(TAIL)
    for name, value in headers(ann, size).items():
        connection.putheader(name, value)
    connection.endheaders(HEAD)
    with content.open("rb") as opened:
        connection.sock.sendfile(opened)
    connection.send(TAIL)
    return created(connection)


def upload(server: Server, ann: HttpClient, content: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    form = HEAD + content + TAIL
    connection.request("POST", "/api/files", form, headers(ann, len(form)))
    return created(connection)


def created(connection: http.client.HTTPConnection) -> int:
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 201, body
    connection.close()
    return int(body.partition(b'"id":')[2].partition(b",")[0])


def headers(ann: HttpClient, size: int) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {ann.token}",
        "Content-Type": "multipart/form-data; boundary=form",
        "Content-Length": str(size),
    }


def download(server: Server, ann: HttpClient, file_id: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request(
        "GET", f"/api/files/{file_id}", headers={"Authorization": f"Bearer {ann.token}"}
    )
    answer, digest = connection.getresponse(), hashlib.sha256()
    while chunk := answer.read(CHUNK):
        digest.update(chunk)
    connection.close()
    return digest.hexdigest()


def ask_bytes(server: Server, ann: HttpClient, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", path, headers={"Authorization": f"Bearer {ann.token}"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def ask_health(server: Server) -> float:
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/health")
    connection.getresponse().read()
    connection.close()
    return time.perf_counter() - started
