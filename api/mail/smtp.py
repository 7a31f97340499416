"""Hands one mail over by SMTP. Only who sends mails loads it: it brings aiosmtplib."""

import ssl
from email.message import EmailMessage

import aiosmtplib

from api.mail.address import MailServer, mail_sender
from api.mail.letter import Unsent

_ANSWERS_WITHIN_S = 20
_TRIED_WITHIN_S = 5
_FOR_GOOD = 500  # codes from there on (RFC 5321, 4.2.1)


async def hand_over(message: EmailMessage, server: MailServer, *, named: str) -> None:
    """Give a mail to the server, to which we call ourselves `named`. Raises Unsent."""
    try:
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            local_hostname=named,
            timeout=_ANSWERS_WITHIN_S,
            use_tls=server.tls,
            start_tls=server.starts_tls,
            validate_certs=not server.is_here,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _refused(error.recipients[0]) from None
    except aiosmtplib.SMTPResponseException as error:
        raise _refused(error) from None
    except aiosmtplib.SMTPNotSupported as error:
        raise Unsent(type(error).__name__, for_good=True) from None
    except (OSError, aiosmtplib.SMTPException) as error:
        raise Unsent(type(error).__name__, for_good=False) from None


async def refusal_of(server: MailServer, sender: str) -> tuple[str, str] | None:
    """Why the server would take no mail of the sender's: a name, and a sentence. None is sent."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        timeout=_TRIED_WITHIN_S,
        use_tls=server.tls,
        start_tls=server.starts_tls,
        validate_certs=not server.is_here,
    )
    try:
        async with client:
            await client.mail(mail_sender(sender).addr_spec)
            await client.rset()
    except aiosmtplib.SMTPAuthenticationError as error:
        return "mail_refuses", f"it does not take the user and the password ({error.code})."
    except aiosmtplib.SMTPResponseException as error:
        return "mail_sender_refused", f"it takes no mail from {sender} ({error.code})."
    except aiosmtplib.SMTPNotSupported:
        return "mail_unencrypted", "it has no STARTTLS, or no way to sign in: use its other port."
    except (OSError, aiosmtplib.SMTPException) as error:
        if any(isinstance(each, ssl.SSLError) for each in (error, error.__cause__)):
            return "mail_untrusted", "its certificate is not trusted, or for another name."
        why = type(error).__name__
        return "mail_unreachable", f"nobody answers there ({why}): correct host and port."
    return None


def _refused(error: aiosmtplib.SMTPResponseException) -> Unsent:
    """What the server has said beside the code may have the address in it."""
    return Unsent(f"{type(error).__name__} {error.code}", for_good=error.code >= _FOR_GOOD)
