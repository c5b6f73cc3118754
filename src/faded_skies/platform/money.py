"""Money is whole US cents inside and a JSON number with at most two decimals outside; floats never carry a sum."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

Cents = int

MOST_DOLLARS = Decimal(1_000_000)


def to_dollars(cents: Cents) -> float:
    """Return the JSON number for an amount in cents; its shortest form has at most two decimals."""
    return cents / 100


Dollars = Annotated[
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
"""A sum as a client writes it: dollars, not negative, at most two decimals. `cents_of` makes it ours."""


def cents_of(dollars: Decimal) -> Cents:
    """Return the cents of a validated dollar amount (at most two decimals)."""
    return int(dollars * 100)
