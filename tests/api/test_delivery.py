"""The bytes of files: ranges, what the client has already, and that nothing in them runs."""

from tests.api.browser import problem
from tests.support.cast import Cast
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


SERVED = [
    ("text/html", "application/octet-stream"),
    ("image/svg+xml", "application/octet-stream"),
    ("application/javascript", "application/octet-stream"),
    ("text/html; image/png", "application/octet-stream"),
    ("nonsense", "application/octet-stream"),
    ("image/png", "image/png"),
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
