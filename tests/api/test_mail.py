"""Mails: who they go to, what is in them, and what happens while the mail server is away."""

import asyncio
import logging
import ssl
from pathlib import Path

import pytest

from api.mail.address import as_sent, mail_sender, mail_server
from api.mail.letter import Letter, Letters
from api.mail.outbox import MOST_WAITING, Outbox
from model.errors import TryAgain
from tests.support import mail
from tests.support.certificates import new_certificate
from tests.support.mail import MailServer
from tests.support.waiting import until

PUBLIC_URL = "https://class.example.org"
SENDER = "Klässe <homeroom@example.org>"
TOKEN = "s3cret-token"


def outbox(server: MailServer | int, url: str = "smtp://localhost:{}") -> Outbox:
    port = server if isinstance(server, int) else server.port
    box = Outbox(mail_server(url.format(port)), SENDER, PUBLIC_URL)
    box.pauses_s = (0.02, 0.02, 0.02, 0.02)
    return box


def reset(to: str = "zoe@example.org") -> Letter:
    return Letters(PUBLIC_URL).password_reset(to, "zoe", TOKEN)


async def test_a_letter_comes_as_text_and_as_html_with_the_link_of_the_public_address() -> None:
    async with mail.mail_server() as server:
        box = outbox(server)
        box.send(reset("zoe@MÜNCHEN.example"))
        got = await server.mail()
        await box.close()
    assert (got.sender, got.recipients) == (
        "homeroom@example.org", ["zoe@xn--mnchen-3ya.example"],
    )  # fmt: skip
    assert str(got.message["From"]) == SENDER
    assert str(got.message["To"]) == "zoe@xn--mnchen-3ya.example"
    assert str(got.message["Subject"]) == "A new password · Homeroom"
    assert str(got.message["Message-ID"]).endswith("@class.example.org>")
    assert got.message["Auto-Submitted"] == "auto-generated"
    link = f"{PUBLIC_URL}/reset#token={TOKEN}"
    assert link in got.part("plain").splitlines()
    assert f'href="{link}"' in got.part("html")
    for kind in ("plain", "html"):
        assert "zoe" in got.part(kind)


@pytest.mark.parametrize(
    "address",
    [
        "zoe@example.org\r\nBcc: eve@example.org",
        "zoe@example.org\nSubject: hello",
        "zoe@example.org>,<eve@example.org",
        "zoe@example.org,eve@example.org",
        "zoe,eve@example.org",
        '"zoe"@example.org',
        "zoe@example.org ORCPT=rfc822;eve@example.org",
        "eve@evil.example\0@example.org",
        "<zoe@example.org>",
        "zoë@example.org",
        "zoe@straße.example",
        "zoe@[127.0.0.1]",
        "zoe@",
        "@example.org",
        "zoe@a..b",
        ".zoe@example.org",
        "",
    ],
)
async def test_what_is_no_address_adds_no_recipient_and_no_header(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError, match=r"^"):
        as_sent(address)
    async with mail.mail_server() as server:
        box = outbox(server)
        box.send(reset(address))
        await box.close()
        assert (server.asked, server.is_empty) == (0, True)
    assert [record.message for record in caplog.records if record.name == "api.mail.outbox"] == [
        "a mail is not sent: there is no such address"
    ]


async def test_what_people_are_called_is_text_in_a_letter_and_never_markup() -> None:
    letter = Letters(PUBLIC_URL).email_confirmation("zoe@example.org", '<img src="x">\r\nX: y', "t")
    assert "<img" not in letter.html
    assert "&lt;img src=&#34;x&#34;&gt;" in letter.html
    assert "zoe" not in letter.subject


async def test_a_mail_is_tried_again_while_the_server_is_away_and_the_log_says_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with mail.mail_server() as before:
        port = before.port
    box = outbox(port)
    box.send(reset())
    await until(lambda: "is sent in 0.02 s: SMTPConnectError" in caplog.text)
    async with mail.mail_server(port) as server:
        server.answers += ["451 not now, zoe@example.org"]
        assert (await server.mail()).recipients == ["zoe@example.org"]
        await box.close()
        assert server.asked == 2
    assert "SMTPDataError 451" in caplog.text
    for secret in (TOKEN, "zoe@example.org", "not now"):
        assert secret not in "".join(
            record.getMessage() for record in caplog.records if record.name.startswith("api")
        )


@pytest.mark.parametrize(("answer", "times"), [("550 nobody here", 1), ("421 come back later", 5)])
async def test_what_is_refused_for_good_is_not_tried_again_and_nothing_is_tried_without_end(
    answer: str, times: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail.mail_server() as server:
        server.answers += [answer] * 9
        box = outbox(server)
        box.send(reset())
        await until(lambda: "a mail is not sent: " in caplog.text)
        assert server.asked == times
        await box.close()


async def test_what_is_written_beside_a_request_waits_for_the_database() -> None:
    tries = 0

    async def write() -> list[Letter]:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise TryAgain
        return [reset(), reset("bob@example.org")]

    async with mail.mail_server() as server:
        box = outbox(server)
        box.send_what(write)
        both = [(await server.mail()).recipients for _ in range(2)]
        await box.close()
    assert sorted(both) == [["bob@example.org"], ["zoe@example.org"]]


async def test_a_bug_loses_one_mail_and_tells_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    async def write() -> list[Letter]:
        raise KeyError(TOKEN)

    async with mail.mail_server() as server:
        box = outbox(server)
        box.send_what(write)
        box.send(reset())
        await server.mail()
        await box.close()
    assert "a mail is not sent: KeyError" in caplog.text
    assert "in write" in caplog.text
    assert TOKEN not in caplog.text


async def test_no_more_mails_wait_than_a_worker_can_keep(caplog: pytest.LogCaptureFixture) -> None:
    async with mail.mail_server() as before:
        port = before.port
    box = outbox(port)
    box.pauses_s = (60,)
    for _ in range(MOST_WAITING + 1):
        box.send(reset())
    assert caplog.text.count("one more is not sent") == 1
    await box.close()


async def test_a_server_that_stops_waits_for_what_is_tried_right_now_and_nothing_else() -> None:
    async with mail.mail_server() as server:
        box = outbox(server)
        box.send(reset())
        await box.close()
        assert (await server.mail()).recipients == ["zoe@example.org"]
        again = outbox(server)
        again.pauses_s = (60,)
        server.answers += ["451 not now"]
        again.send(reset())
        await until(lambda: server.asked == 2)
        async with asyncio.timeout(3):
            await again.close()


async def test_mails_go_encrypted_where_the_server_can(tmp_path: Path) -> None:
    certificate, key = new_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with mail.mail_server(tls=tls, password="s3cret p@ss") as server:
        box = outbox(server, "smtp://ann%40example.org:s3cret%20p%40ss@localhost:{}")
        box.send(reset())
        got = await server.mail()
        await box.close()
    assert (got.was_encrypted, got.username) == (True, "ann@example.org")


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 587, False, None, None, None)),
        ("smtps://mail.example.org", ("mail.example.org", 465, True, None, None, False)),
        ("smtp://a:b@mail.example.org:25/", ("mail.example.org", 25, False, "a", "b", True)),
        ("smtp://a%40b.c:p%3A%2F%40@h", ("h", 587, False, "a@b.c", "p:/@", True)),
        ("smtp://a:b@localhost:1025", ("localhost", 1025, False, "a", "b", None)),
        ("smtp://[::1]:25", ("::1", 25, False, None, None, None)),
        ("SMTP://MÜNCHEN.example", ("xn--mnchen-3ya.example", 587, False, None, None, None)),
    ],
)
def test_a_mail_server_is_understood_however_people_write_it(
    url: str, meant: tuple[object, ...]
) -> None:
    found = mail_server(url)
    starts_tls = found.starts_tls
    assert (*vars(found).values(), starts_tls) == meant
    assert "b" not in repr(found.password) or "password" not in repr(found)


@pytest.mark.parametrize(
    ("written", "address", "name"),
    [
        ("homeroom@example.org", "homeroom@example.org", ""),
        ("Homeroom <homeroom@example.org>", "homeroom@example.org", "Homeroom"),
        (' "Class, 7b" <a.b+c@MÜNCHEN.example>', "a.b+c@xn--mnchen-3ya.example", "Class, 7b"),
    ],
)
def test_a_sender_is_understood_however_people_write_it(
    written: str, address: str, name: str
) -> None:
    found = mail_sender(written)
    assert (found.addr_spec, found.display_name) == (address, name)
