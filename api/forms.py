"""What bodies and queries are made of. Unknown fields are refused, and so are other types."""

import unicodedata
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from model.database.page import DEFAULT_LIMIT, MAX_LIMIT, Page
from model.database.table import MAX_ID
from model.errors import MOST_FIELDS_NAMED, Invalid
from model.post import MAX_POST_CHARS

MIN_PASSWORD_CHARS = 8
MULTILINE = {"\n", "\t", "\r"}


def _printable(text: str) -> str:
    """Refuses control characters: PostgreSQL cannot keep NUL, and nobody can see the others."""
    if any(unicodedata.category(char) == "Cc" and char not in MULTILINE for char in text):
        raise ValueError("It has control characters.")
    return text


def one_line(text: str) -> str:
    if MULTILINE & set(text):
        raise ValueError("It has more than one line.")
    return _printable(text)


Printable = Annotated[str, AfterValidator(_printable)]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(one_line),
]
Description = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_printable)
]
PostText = Annotated[str, StringConstraints(max_length=MAX_POST_CHARS), AfterValidator(_printable)]
Username = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{2,39}$")]
Password = Annotated[str, StringConstraints(min_length=MIN_PASSWORD_CHARS, max_length=200)]
Email = Annotated[
    str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,189}$"), AfterValidator(one_line)
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


class Form(_Input):
    """A JSON body. A field with a default may be left out; `given` has what was sent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

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
