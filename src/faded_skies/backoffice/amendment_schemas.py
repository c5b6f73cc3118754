"""What staff send to propose other goods for an order."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from faded_skies.domains.checkout.schemas import MOST_OF_ONE, each_once
from faded_skies.domains.checkout.service.amending import WishedLine
from faded_skies.platform.http.fields import Body, Id, Line
from faded_skies.platform.money import JsonNumber, Sum, cents_of


class ProposedUnits(Body):
    """`unitPrice` lowers the price of one unit, so that a substitute costs what the missing thing did."""

    product_id: Id
    quantity: Annotated[int, Field(strict=True, ge=1, le=MOST_OF_ONE, description="How many it shall be.")]
    unit_price: Annotated[Sum, Field(ge=Decimal("0.01")), JsonNumber()] | None = None


class ProposeAmendment(
    Body,
    json_schema_extra={
        "examples": [
            {
                "lines": [
                    {"productId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60", "quantity": 1, "unitPrice": 24.5}
                ],
                "reason": "The other jar was broken; this one is at the same price.",
                "restock": False,
            }
        ]
    },
):
    """`lines` is the whole list as it shall be; the customer reads the reason.

    Without `restock` what is taken off is missing or damaged, so it leaves the stock.
    """

    lines: Annotated[list[ProposedUnits], Field(min_length=1, max_length=100)]
    reason: Annotated[Line, Field(max_length=500)]
    restock: Annotated[bool, Field(strict=True)] = False

    def wishes(self) -> list[WishedLine]:
        """Return the lines. Raises Refused when a product is named twice."""
        return each_once(
            [
                WishedLine(
                    line.product_id,
                    line.quantity,
                    None if line.unit_price is None else cents_of(line.unit_price),
                )
                for line in self.lines
            ]
        )
