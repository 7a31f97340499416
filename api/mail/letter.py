"""What is written to people: a letter in plain text and in HTML, from templates/mail.

Nothing that somebody else could have chosen is in it but the username, which is ASCII: whoever
gives another person's address as her own can make us write there, but not what she wants. Links
begin with HOMEROOM_PUBLIC_URL.
"""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_TEMPLATES = Path(__file__).parents[2] / "templates" / "mail"


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str
    html: str


class Unsent(Exception):
    """A letter could not be sent. The message says why, and has nothing of the letter in it."""

    def __init__(self, why: str, *, for_good: bool) -> None:
        super().__init__(why)
        self.for_good = for_good


class Letters:
    """Writes them for the server at `public_url`."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def password_reset(self, to: str, username: str, token: str) -> Letter:
        """The letter to somebody who has forgotten her password."""
        link = f"{self._public_url}/reset#token={token}"
        return self._write("password_reset", to, "A new password", username=username, link=link)

    def link_made(self, to: str, username: str) -> Letter:
        """The letter to somebody for whom another person has made a link."""
        return self._write("link_made", to, "A link to your account", username=username)

    def email_confirmation(self, to: str, username: str, token: str) -> Letter:
        """The letter to the address that somebody says is hers."""
        link = f"{self._public_url}/confirm-email#token={token}"
        subject = "Is this your address?"
        return self._write("email_confirmation", to, subject, username=username, link=link)

    def email_changed(self, to: str, username: str) -> Letter:
        """The letter to the address that was hers until now."""
        subject = "Another address"
        return self._write("email_changed", to, subject, username=username)

    def _write(self, name: str, to: str, subject: str, **values: str) -> Letter:
        values |= {"server": self._public_url.partition("://")[2], "public_url": self._public_url}
        subject = f"{subject} · Homeroom"
        text, html = (
            self._templates.get_template(f"{name}.{kind}").render(subject=subject, **values)
            for kind in ("txt", "html")
        )
        return Letter(to, subject, text, html)
