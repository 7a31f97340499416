"""What bodies and queries are made of. Unknown fields are refused, and so are other types.

What a person has typed is cleaned (model/text/typed.py), then judged.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from model.database.page import DEFAULT_LIMIT, MAX_LIMIT, Page
from model.database.table import MAX_ID
from model.errors import MOST_FIELDS_NAMED, Invalid
from model.post import MAX_POST_CHARS
from model.text.typed import clean_name, clean_short, clean_text

_USERNAME = "[A-Za-z0-9_-]{2,39}"
_EMAIL = r"[^@\s]{1,64}@[^@\s]{1,189}"


def cleaned(clean: Callable[[str], str]) -> BeforeValidator:
    """Cleans a text before it is judged."""
    return BeforeValidator(lambda given: clean(given) if isinstance(given, str) else given)


def _one_line(typed: str) -> str:
    if set("\n\r\t") & set(name := clean_name(typed)):
        raise ValueError("It has more than one line.")
    return name


def _username(typed: str) -> str:
    if not re.fullmatch(_USERNAME, username := clean_short(typed)):
        raise ValueError("Use 2 to 39 letters from a to z, digits, hyphens or underscores.")
    return username


def _email(typed: str) -> str:
    if not re.fullmatch(_EMAIL, email := clean_short(typed)):
        raise ValueError("Use an address such as ann@example.org.")
    return email


def _moment(given: datetime) -> datetime:
    """The moment in UTC, which is meant where no zone is given."""
    if given.tzinfo is None:
        return given.replace(tzinfo=UTC)
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise ValueError("There is no such moment.") from None


LINE, TEXT = cleaned(_one_line), cleaned(clean_text)
Moment = Annotated[datetime, AfterValidator(_moment)]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80), LINE]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), TEXT]
PostText = Annotated[str, StringConstraints(max_length=MAX_POST_CHARS), TEXT]
Username = Annotated[
    str, AfterValidator(_username), WithJsonSchema({"type": "string", "pattern": f"^{_USERNAME}$"})
]
Password = Annotated[str, StringConstraints(min_length=8, max_length=200)]
Email = Annotated[
    str, AfterValidator(_email), WithJsonSchema({"type": "string", "pattern": f"^{_EMAIL}$"})
]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Input(BaseModel):
    @model_validator(mode="before")
    @classmethod
    def _count(cls, given: Any) -> Any:
        """Refuse a flood of unknown fields at once: to judge each of them takes long."""
        unknown = set(given) - cls.model_fields.keys() if isinstance(given, dict) else ()
        if len(unknown) > MOST_FIELDS_NAMED:
            raise Invalid(dict.fromkeys(sorted(unknown), "Extra inputs are not permitted"))
        return given


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class Form(_Input):
    """A JSON body. A field with a default may be left out; `given` has what was sent.

    The OpenAPI document tells no defaults: generated clients would send what nobody has set, or
    demand it. A PATCH uses none of them.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, json_schema_extra=_without_defaults
    )

    @property
    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class Query(_Input):
    """A query string, whose values all come as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """A page of what is older than the id `before`, or newer than the id `after`, not both."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    before: Id | None = None
    after: Id | None = None

    @property
    def page(self) -> Page:
        if self.before is not None and self.after is not None:
            raise Invalid({"after": "Give before or after, not both."})
        return Page(self.limit, self.before, self.after)
