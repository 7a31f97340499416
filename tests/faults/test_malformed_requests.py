"""What is no request, or could be read in two ways, is refused, and nothing behind it is heard.

Never laxer than h11, which was asked the same: where it answers otherwise, that stands beside.
"""

import asyncio
from collections.abc import Callable

import pytest

from tests.support.raw_http import Recorder, answers_to, statuses
from tests.support.serving import serving

MOST = 16 * 1024  # bytes of a head
FIRST, HOST, END = b"POST / HTTP/1.1\r\n", b"Host: x\r\n", b"Connection: close\r\n\r\n"
CHUNKED = FIRST + HOST + b"Transfer-Encoding: chunked\r\n" + END
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


def line(request_line: bytes) -> bytes:
    return request_line + b"\r\n" + HOST + END


def with_field(*fields: bytes, body: bytes = b"") -> bytes:
    return FIRST + HOST + b"".join(field + b"\r\n" for field in fields) + END + body


REFUSED: dict[str, tuple[bytes, int]] = {
    # The first line
    "nothing but a line": (b"\r\n" + line(b"GET / HTTP/1.1"), 400),
    "a space before it": (line(b" GET / HTTP/1.1"), 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "no target": (line(b"GET HTTP/1.1"), 400),
    "an empty target": (line(b"GET  HTTP/1.1"), 400),
    "two spaces": (line(b"GET  / HTTP/1.1"), 400),
    "a tab": (line(b"GET\t/ HTTP/1.1"), 400),
    "a space at the end": (line(b"GET / HTTP/1.1 "), 400),
    "a space in the target": (line(b"GET /a b HTTP/1.1"), 400),
    "a control character in the target": (line(b"GET /\x01 HTTP/1.1"), 400),
    "NUL in the target": (line(b"GET /\x00 HTTP/1.1"), 400),
    "UTF-8 in the target": (line("GET /é HTTP/1.1".encode()), 400),
    "a target that is no path": (line(b"GET x HTTP/1.1"), 400),  # h11: 200
    "a method in lower case": (line(b"get / HTTP/1.1"), 501),  # h11: 200, as GET
    "a method of nobody": (line(b"BREW / HTTP/1.1"), 501),  # h11: 200
    "a method of signs": (line(b"G{T / HTTP/1.1"), 400),
    "an answer": (line(b"HTTP/1.1 200 OK"), 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/2's method": (line(b"PRI * HTTP/1.1"), 400),  # h11: 200
    "HTTP/1.2": (line(b"GET / HTTP/1.2"), 505),
    "HTTP/0.9 by name": (line(b"GET / HTTP/0.9"), 505),  # h11: 200
    "HTTP/3.0": (line(b"GET / HTTP/3.0"), 505),
    "HTTP/1.10": (line(b"GET / HTTP/1.10"), 400),
    "http in lower case": (line(b"GET / http/1.1"), 400),
    "RTSP": (line(b"GET / RTSP/1.0"), 400),
    "ICE": (line(b"SOURCE / ICE/1.0"), 400),
    # Lines
    "bare LF everywhere": (b"GET / HTTP/1.1\nHost: x\nConnection: close\n\n", 400),  # h11: 200
    "bare LF after the first line": (b"GET / HTTP/1.1\n" + HOST + END, 400),  # h11: 200
    "bare LF after a field": (FIRST + b"Host: x\n" + END, 400),  # h11: 200
    "bare LF at the end": (FIRST + HOST + b"Connection: close\r\n\n", 400),  # h11: 200
    "bare CR after a field": (FIRST + b"Host: x\r" + END, 400),
    "bare CR in a value": (with_field(b"A: b\rTransfer-Encoding: chunked"), 400),
    "a folded value": (with_field(b"A: b\r\n c"), 400),  # h11: 200, unfolded
    "a folded value by a tab": (with_field(b"A: b\r\n\tc"), 400),  # h11: 200, unfolded
    "a fold of nothing": (FIRST + b" Host: x\r\n" + END, 400),
    # Names and values
    "a space before the colon": (with_field(b"A : b"), 400),
    "a tab before the colon": (with_field(b"Content-Length\t: 5"), 400),
    "a space in a name": (with_field(b"A b: c"), 400),
    "no colon": (with_field(b"A"), 400),
    "no name": (with_field(b": b"), 400),
    "brackets in a name": (with_field(b"A(b): c"), 400),
    "a letter beyond ASCII in a name": (with_field(b"\xc3\xa9: c"), 400),
    "NUL in a name": (with_field(b"A\x00: c"), 400),
    "NUL in a value": (with_field(b"A: b\x00c"), 400),
    "a control character in a value": (with_field(b"A: b\x01c"), 400),  # h11: 200
    "a vertical tab in a value": (with_field(b"A: b\x0bc"), 400),
    "DEL in a value": (with_field(b"A: b\x7fc"), 400),  # h11: 200
    # Whose it is
    "no Host": (FIRST + END, 400),
    "two Hosts": (with_field(b"Host: y"), 400),
    "two Hosts that are the same": (with_field(b"Host: x"), 400),
    "two Hosts of HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", 400),
    # How long it is
    "length and chunks": (
        with_field(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        400,  # h11: 200, by the chunks
    ),
    "chunks and length": (
        with_field(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        400,  # h11: 200, by the chunks
    ),
    "two lengths": (with_field(b"Content-Length: 5", b"Content-Length: 6"), 400),
    "two lengths that are the same": (
        with_field(b"Content-Length: 1", b"Content-Length: 1", body=b"a"),
        400,  # h11: 200
    ),
    "a list of lengths": (with_field(b"Content-Length: 5, 6"), 400),
    "a list of one length": (with_field(b"Content-Length: 1, 1", body=b"a"), 400),  # h11: 200
    "a length with a sign": (with_field(b"Content-Length: +5"), 400),
    "a negative length": (with_field(b"Content-Length: -5"), 400),
    "a hexadecimal length": (with_field(b"Content-Length: 0x5"), 400),
    "a length with a gap": (with_field(b"Content-Length: 1 1"), 400),
    "a length with an underscore": (with_field(b"Content-Length: 1_1"), 400),
    "an empty length": (with_field(b"Content-Length:"), 400),
    "a length beyond 64 bits": (with_field(b"Content-Length: 1" + b"0" * 20), 400),
    "chunks twice": (with_field(b"Transfer-Encoding: chunked, chunked"), 400),  # h11: 501
    "chunks in two fields": (
        with_field(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        400,  # h11: 501
    ),
    "packed chunks": (with_field(b"Transfer-Encoding: gzip, chunked"), 501),
    "packed chunks in two fields": (
        with_field(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"),
        501,
    ),
    "chunks that are packed": (with_field(b"Transfer-Encoding: chunked, gzip"), 400),  # h11: 501
    "something like chunks": (with_field(b"Transfer-Encoding: xchunked"), 400),  # h11: 501
    "chunks in quotes": (with_field(b'Transfer-Encoding: "chunked"'), 400),  # h11: 501
    "chunks after a vertical tab": (with_field(b"Transfer-Encoding: \x0bchunked"), 400),
    "no coding": (with_field(b"Transfer-Encoding: identity"), 400),  # h11: 501
    "an empty coding": (with_field(b"Transfer-Encoding:"), 400),  # h11: 501
    # Chunks
    "a chunk of no number": (CHUNKED + b"g\r\n", 400),
    "a chunk with a sign": (CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n", 400),
    "a negative chunk": (CHUNKED + b"-1\r\n", 400),
    "a chunk with 0x": (CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", 400),
    "an empty size": (CHUNKED + b"\r\nhello\r\n0\r\n\r\n", 400),
    "a space before a size": (CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n", 400),
    "a size of 21 digits": (CHUNKED + b"5".zfill(21) + b"\r\nhello\r\n0\r\n\r\n", 400),
    "bare LF after a size": (CHUNKED + b"5\nhello\r\n0\r\n\r\n", 400),
    "bare LF in an extension": (CHUNKED + b"5;a\n0\r\n\r\n" + SMUGGLED + b"\r\n", 400),
    "bare LF after a chunk": (CHUNKED + b"5\r\nhello\n0\r\n\r\n", 400),
    "a chunk that is too long": (CHUNKED + b"5\r\nhello!\r\n0\r\n\r\n", 400),
    "a chunk that is too short": (CHUNKED + b"5\r\nhell\r\n0\r\n\r\n", 400),
    "an extension without an end": (CHUNKED + b"5;" + b"a" * 2 * MOST, 431),
    "a trailer without an end": (CHUNKED + b"0\r\n" + b"A: b\r\n" * (MOST // 4) + b"A", 431),
    "a trailer that is none": (CHUNKED + b"0\r\nA b\r\n\r\n", 400),
    # Too much, and too little for anything else
    "a head that is too long": (with_field(b"A: " + b"b" * MOST), 431),  # h11: 200, if at once
    "a head without an end": (FIRST + b"A: " + b"b" * MOST, 431),
    "too many fields": (with_field(*[b"A: b"] * (MOST // 4)), 431),  # h11: 200, if at once
    "a target that is too long": (line(b"GET /" + b"a" * MOST + b" HTTP/1.1"), 431),  # h11: 200
    "a WebSocket without a key": (
        b"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        400,
    ),
    "a WebSocket with letters beyond ASCII": (
        b"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Extensions: \xff\r\n\r\n",
        400,
    ),
}


def with_another_behind(sent: bytes) -> bytes:
    return sent + SMUGGLED if sent.endswith(b"\n") else sent


def pieces(sent: bytes) -> list[bytes]:
    """Single bytes, if they are not too many."""
    size = len(sent) // 500 + 1
    return [sent[start : start + size] for start in range(0, len(sent), size)]


async def test_what_is_no_request_is_refused_and_nothing_behind_it_is_heard() -> None:
    app = Recorder()
    async with serving(app) as port:
        answers = await asyncio.gather(
            *(answers_to(port, with_another_behind(sent)) for sent, _ in REFUSED.values())
        )
    for (what, (_, status)), answer in zip(REFUSED.items(), answers, strict=True):
        assert statuses(answer) == [status], (what, answer)
        assert b"connection: close\r\n" in answer, what
    assert app.asked == []


async def test_what_is_no_request_is_none_in_pieces_either() -> None:
    app = Recorder()
    async with serving(app) as port:
        await asyncio.gather(
            *(answers_to(port, *pieces(with_another_behind(sent))) for sent, _ in REFUSED.values())
        )
    assert app.asked == []


TAKEN: dict[str, tuple[bytes, str, bytes]] = {
    "a path": (line(b"GET /a?b=c HTTP/1.1"), "/a", b""),
    "an encoded path": (line(b"GET /%C3%A9 HTTP/1.1"), "/é", b""),
    "a whole address": (line(b"GET http://x/a HTTP/1.1"), "http://x/a", b""),
    "an asterisk": (line(b"OPTIONS * HTTP/1.1"), "*", b""),
    "a tunnel": (line(b"CONNECT x:80 HTTP/1.1"), "x:80", b""),
    "no Host in HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n", "/a", b""),
    "an empty value": (with_field(b"A:", b"B:  "), "/", b""),
    "a length": (with_field(b"Content-Length: 5 ", body=b"hello"), "/", b"hello"),
    "a length of many digits": (
        with_field(b"Content-Length: " + b"5".zfill(5000), body=b"hello"), "/", b"hello",
    ),
    "chunks": (CHUNKED + b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "/", b"hello!"),
    "chunks with more": (CHUNKED + b"5;a=b\r\nhello\r\n0;c\r\nA: b\r\n\r\n", "/", b"hello"),
    "chunks by another name": (
        with_field(b"transfer-encoding: CHUNKED", body=b"1\r\na\r\n0\r\n\r\n"), "/", b"a",
    ),
    "an upgrade to HTTP/2": (
        b"POST / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: Upgrade, HTTP2-Settings, close\r\n\r\n1\r\na\r\n0\r\n\r\n", "/", b"a",
    ),
    "an upgrade to something else": (
        b"POST / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"
        b"Connection: Upgrade, close\r\n\r\na", "/", b"a",
    ),
    "an expectation of nobody": (with_field(b"Expect: a miracle"), "/", b""),
    "a head that just fits": (with_field(b"A: " + b"b" * (MOST - 100)), "/", b""),
}  # fmt: skip


@pytest.mark.parametrize("cut", [lambda sent: [sent], pieces], ids=["whole", "in pieces"])
async def test_what_is_a_request_is_taken_and_nothing_behind_the_last(
    cut: Callable[[bytes], list[bytes]],
) -> None:
    for what, (sent, path, body) in TAKEN.items():
        app = Recorder()
        *first, last = cut(sent)
        async with serving(app) as port:
            answer = await answers_to(port, *first, last + SMUGGLED)
        assert statuses(answer) == [200], (what, answer)
        assert [(asked.path, asked.body) for asked in app.asked] == [(path, body)], what


async def test_names_are_in_lower_case_and_values_without_what_is_round_them() -> None:
    app = Recorder()
    async with serving(app) as port:
        await answers_to(port, with_field(b"X-A:\t b \t", b"x-a:c: d"))
    headers = [(b"host", b"x"), (b"x-a", b"b"), (b"x-a", b"c: d"), (b"connection", b"close")]
    assert app.asked[0].headers == headers


@pytest.mark.parametrize("sent", [FIRST, with_field(b"Content-Length: 5", body=b"hell"), CHUNKED])
async def test_who_leaves_in_the_middle_has_asked_nothing(sent: bytes) -> None:
    app = Recorder()
    async with serving(app) as port:
        assert await answers_to(port, sent, is_half_closed=True) == b""
    assert app.asked == []
