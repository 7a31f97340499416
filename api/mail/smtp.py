"""Hands one mail over by SMTP. Only who sends mails loads it: it brings aiosmtplib."""

from email.message import EmailMessage

import aiosmtplib

from api.mail.address import MailServer
from api.mail.letter import Unsent

_ANSWERS_WITHIN_S = 20
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


def _refused(error: aiosmtplib.SMTPResponseException) -> Unsent:
    """What the server has said beside the code may have the address in it."""
    return Unsent(f"{type(error).__name__} {error.code}", for_good=error.code >= _FOR_GOOD)
