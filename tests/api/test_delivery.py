"""The bytes of files: ranges, what the client has already, and that nothing in them runs."""

import asyncio
import http.client

from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.pictures import png
from tests.support.stores import ON_EVERY_STORE

pytestmark = ON_EVERY_STORE

CONTENT = b"0123456789"


RANGES = [
    ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
    ("bytes=-5", 206, b"56789", "bytes 5-9/10"),
    ("bytes=7-", 206, b"789", "bytes 7-9/10"),
    ("bytes=9-9", 206, b"9", "bytes 9-9/10"),
    ("bytes=5-500", 206, b"56789", "bytes 5-9/10"),
    ("bytes=-500", 200, CONTENT, None),
    ("bytes=0-1,4-5", 200, CONTENT, None),
    ("lines=1-2", 200, CONTENT, None),
    ("bytes=4-2", 200, CONTENT, None),
    ("bytes=-0", 200, CONTENT, None),
    ("bytes=" + "9" * 5000 + "-", 200, CONTENT, None),
    ("nonsense", 200, CONTENT, None),
]


async def test_a_range_of_a_file(people: Cast) -> None:
    for asked, status, got, content_range in RANGES:
        file = await people.bob.upload(CONTENT)
        answer = await people.bob.ask("GET", f"/api/files/{file['id']}", Range=asked)
        assert (answer.status, answer.body) == (status, got)
        assert answer.headers.get("Content-Range") == content_range
        assert answer.headers["Content-Length"] == str(len(got))
        assert answer.headers["Accept-Ranges"] == "bytes"


async def test_a_range_is_for_who_wants_bytes(people: Cast) -> None:
    file = await people.bob.upload(CONTENT)
    head = await people.bob.ask("HEAD", f"/api/files/{file['id']}", Range="bytes=0-3")
    assert (head.status, head.headers.get("Content-Range")) == (200, None)


async def test_a_range_behind_the_end_is_refused(people: Cast) -> None:
    file = await people.bob.upload(CONTENT)
    answer = await people.bob.ask("GET", f"/api/files/{file['id']}", Range="bytes=10-")
    problem(answer, 416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == "bytes */10"


async def test_who_has_a_file_is_told_so_and_a_rest_is_only_of_the_same(people: Cast) -> None:
    file = await people.bob.upload(CONTENT)
    path = f"/api/files/{file['id']}"
    tag = (await people.bob.ask("GET", path)).headers["ETag"]
    again = await people.bob.ask("GET", path, If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    rest = {"Range": "bytes=5-"}
    assert (await people.bob.ask("GET", path, If_Range=tag, **rest)).status == 206
    assert (await people.bob.ask("GET", path, If_Range='"another"', **rest)).status == 200


async def addresses_of_bytes(people: Cast) -> list[str]:
    """One of each route that delivers bytes."""
    content = png()
    file = await people.bob.upload(content, "picture")
    path = f"/api/files/{file['id']}"
    await people.bob.send_file(content, path="/api/me/avatar", method="PUT")
    avatar = (await people.bob.get("/api/me"))["avatar"]
    return [path, f"{path}/thumbnail", avatar, "/static/live.js", "/docs/swagger-ui.css"]


async def test_whatever_delivers_bytes_answers_ranges_the_same(people: Cast) -> None:
    for path in await addresses_of_bytes(people):
        whole = await people.bob.ask("GET", path)
        size, tag = len(whole.body), whole.headers["ETag"]
        assert (whole.status, whole.headers["Accept-Ranges"]) == (200, "bytes"), path
        for asked, start, end in (
            ("-5", size - 5, size),
            ("3-6", 3, 7),
            (f"{size - 1}-", -1, size),
        ):
            answer = await people.bob.ask("GET", path, Range=f"bytes={asked}", If_Range=tag)
            assert (answer.status, answer.body) == (206, whole.body[start:end]), path
            said = f"bytes {start % size}-{end - 1}/{size}"
            assert answer.headers["Content-Range"] == said, path
            assert answer.headers["Content-Type"] == whole.headers["Content-Type"]
        behind = await people.bob.ask("GET", path, Range=f"bytes={size}-")
        problem(behind, 416, "range_not_satisfiable")
        assert behind.headers["Content-Range"] == f"bytes */{size}"


async def test_whatever_delivers_bytes_answers_in_full_what_asks_for_something_else(
    people: Cast,
) -> None:
    some = {"Range": "bytes=0-3"}
    for path in await addresses_of_bytes(people):
        whole = await people.bob.ask("GET", path)
        tag = whole.headers["ETag"]
        for asked in (
            {"Range": "bytes=0-1,4-5"},
            {"Range": "bytes=-0"},
            {"If-Range": '"another"', **some},
            {"If-Range": f"W/{tag}", **some},
            {"If-Range": "Thu, 26 Nov 2026 12:00:00 GMT", **some},
        ):
            answer = await people.bob.ask("GET", path, **asked)
            assert (answer.status, answer.body) == (200, whole.body), (path, asked)
        for known in (tag, f"W/{tag}", f'{tag[:-1]}-gzip"', f'"another", {tag}', "*"):
            again = await people.bob.ask("GET", path, If_None_Match=known, **some)
            assert (again.status, again.body) == (304, b""), (path, known)


async def test_whoever_asks_for_the_head_of_bytes_hears_how_many_there_are(
    people: Cast, url: str
) -> None:
    def ask(method: str, path: str) -> tuple[int, str | None, str, bytes]:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        connection.request(method, path, headers={**people.bob.headers, "Range": "bytes=0-"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        said, length = (answer.headers[name] for name in ("Content-Range", "Content-Length"))
        return answer.status, said, length, body

    for path in await addresses_of_bytes(people):
        whole = await asyncio.to_thread(ask, "GET", path)
        head = await asyncio.to_thread(ask, "HEAD", path)
        assert head == (200, None, str(len(whole[-1])), b""), path
        assert head[:3] == whole[:3], path


async def test_who_has_a_page_of_this_time_is_told_so(people: Cast) -> None:
    whole = await people.bob.ask("GET", "/static/live.js")
    then = whole.headers["Last-Modified"]
    again = await people.bob.ask("GET", "/static/live.js", If_Modified_Since=then)
    assert (again.status, again.body) == (304, b"")
    before = "Thu, 01 Jan 1970 00:00:00 GMT"
    anew = await people.bob.ask("GET", "/static/live.js", If_Modified_Since=before)
    assert (anew.status, anew.body) == (200, whole.body)


async def test_no_name_of_a_page_is_too_long_to_be_missing(people: Cast) -> None:
    for name in ("a" * 300, "a" * 5000, "live/" * 1000, "live.js/" + "a" * 300):
        problem(await people.bob.ask("GET", f"/static/{name}"), 404, "not_found")


SERVED = [
    ("text/html", "application/octet-stream"),
    ("image/svg+xml", "application/octet-stream"),
    ("application/javascript", "application/octet-stream"),
    ("text/html; image/png", "application/octet-stream"),
    ("nonsense", "application/octet-stream"),
    ("image/png+xml", "application/octet-stream"),
    ("image/pngx", "application/octet-stream"),
    ("audio/x+xml", "application/octet-stream"),
    ("video/anything", "application/octet-stream"),
    ("image/png", "image/png"),
    ("IMAGE/PNG; x=y", "image/png"),
    ("audio/mpeg", "audio/mpeg"),
    ("video/mp4", "video/mp4"),
]


async def test_no_file_runs_or_is_shown_as_a_page(people: Cast) -> None:
    for media_type, served in SERVED:
        file = await people.bob.upload(
            b"<script>alert(1)</script>", "x.html", media_type=media_type
        )
        answer = await people.bob.ask("GET", f"/api/files/{file['id']}")
        assert answer.headers["Content-Type"] == served
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "no-cache" in answer.headers["Cache-Control"]


async def test_a_download_has_the_name_of_the_upload(people: Cast) -> None:
    file = await people.bob.upload(CONTENT, "Übung 1%; \\\\x.txt")
    assert file["name"] == "x.txt"
    file = await people.bob.upload(CONTENT, "Übung 1%;.txt")
    assert file["name"] == "Übung 1%;.txt"
    answer = await people.bob.ask("GET", f"/api/files/{file['id']}")
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"?bung 1_;.txt\"; filename*=UTF-8''%C3%9Cbung%201%25%3B.txt"
    )
