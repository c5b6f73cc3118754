"""Money is whole US cents inside and a JSON number with at most two decimals outside; floats never carry a sum."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Cents = int

MOST_DOLLARS = Decimal(1_000_000)


def to_dollars(cents: Cents) -> float:
    """Return the JSON number for an amount in cents; its shortest form has at most two decimals."""
    return cents / 100


def money_text(cents: Cents) -> str:
    """Return an amount as people write it, such as $1,234.50."""
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02}"


def _a_number(value: object) -> object:
    if isinstance(value, str):
        raise PydanticCustomError("number", "Write this as a number, without quotes, such as 24.5.")
    return value


class JsonNumber:
    """Metadata of a `Sum` in a body: a JSON number only, where pydantic would take a text as well."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_a_number, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        told: dict[str, Any] = handler(schema)
        number: dict[str, Any] = next(way for way in told.pop("anyOf") if way["type"] == "number")
        return told | number


Sum = Annotated[
    Decimal,
    Field(
        ge=0,
        le=MOST_DOLLARS,
        decimal_places=2,
        allow_inf_nan=False,
        description="Dollars, with at most two decimals.",
        examples=[24.5],
    ),
]
"""A sum as a query string writes it: dollars, not negative, at most two decimals. `cents_of` makes it ours."""

Dollars = Annotated[Sum, JsonNumber()]
"""A sum as a body writes it."""


def cents_of(dollars: Decimal) -> Cents:
    """Return the cents of a validated dollar amount (at most two decimals)."""
    return int(dollars * 100)
