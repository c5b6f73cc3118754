"""Field types that every request body shares, each refusing what the database could not keep."""

import re
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

MOST_TEXT = 500


def _clean(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul_character", "Remove the NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        # JSON can spell half of a surrogate pair; UTF-8, and so the database, cannot.
        raise PydanticCustomError(
            "half_character", "This text holds characters that are not valid Unicode."
        ) from None
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "Write something here; blanks alone are not enough.")
    return text.strip()


Text = Annotated[str, AfterValidator(_clean)]
"""Text that PostgreSQL can keep: no NUL, no half characters. Bound its length with Field(max_length=…)."""

Line = Annotated[Text, AfterValidator(_not_blank)]
"""Text with something in it; blanks around it are dropped."""

Note = Annotated[Text, Field(max_length=MOST_TEXT)]
"""Free text of up to 500 characters."""


def _uuid_text(value: object) -> object:
    # Only the canonical form: hex without dashes, braces and urn: forms are ids of another kind.
    if isinstance(value, str) and len(value) != 36:  # noqa: PLR2004 - RFC 9562 §4
        raise PydanticCustomError(
            "uuid", "Give the id as a UUID, such as 0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60."
        )
    return value


Id = Annotated[UUID, BeforeValidator(_uuid_text)]
"""An id as a client writes it: a UUID in its canonical form."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day_text(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("day", "Write the day as YYYY-MM-DD, such as 2026-11-27.")
    return value


Day = Annotated[date, BeforeValidator(_day_text)]
"""A day as a client writes it."""

BookedDay = Annotated[Day, Field(ge=date(2000, 1, 1), lt=date(3000, 1, 1))]
"""A day that something may be asked of; so far from the calendar's ends that the next one can be reckoned."""


_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def _moment_text(value: object) -> object:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise PydanticCustomError("moment", "Write the time as RFC 3339 does, such as 2026-12-01T17:00:00Z.")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment_text)]
"""A moment as a client writes it (RFC 3339)."""


Latitude = Annotated[
    float,
    Field(strict=True, ge=-90, le=90, allow_inf_nan=False, description="Degrees north.", examples=[30.2672]),
]
Longitude = Annotated[
    float,
    Field(
        strict=True, ge=-180, le=180, allow_inf_nan=False, description="Degrees east.", examples=[-97.7431]
    ),
]


class Body(BaseModel):
    """Base of request bodies: camelCase keys, unknown keys refused, no silent conversion of types."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )


class Shape(BaseModel):
    """Base of the shapes of answers; they document the wire, and tests hold the bytes against them."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, validate_by_name=True)


class Problem(Shape):
    """One field that is wrong."""

    field: str
    message: str


class ErrorShape(BaseModel):
    """The body of every refusal; some carry further keys, such as declineCode."""

    model_config = ConfigDict(extra="allow")

    error: str = Field(examples=["Sign in again: your session has ended."])
    code: str = Field(examples=["TOKEN_EXPIRED"])
    details: list[Problem] | None = None
