"""The compliance calls on the wire (guide, compliance part)."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from faded_skies.domains.compliance.service import ProductClass
from faded_skies.platform.http.fields import Body, Shape, Text
from faded_skies.platform.money import Dollars, cents_of


class Address(BaseModel):
    """An address as the guide's clients send it: only the city matters here, further keys are let through."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    city: Annotated[Text, Field(min_length=1, max_length=100)]
    state: Annotated[Text, Field(max_length=50)] | None = None


class TaxedItem(Body, json_schema_extra={"examples": [{"productClass": "flower", "amount": 70}]}):
    """So many dollars of one class of goods."""

    product_class: ProductClass
    amount: Dollars


class CalculateTax(
    Body,
    json_schema_extra={"examples": [{"subtotal": 70, "deliveryAddress": {"city": "Austin", "state": "TX"}}]},
):
    subtotal: Dollars
    delivery_address: Address
    items: Annotated[
        list[TaxedItem] | None,
        Field(max_length=100, description="What the subtotal is made of; without it, all of it is cannabis."),
    ] = None
    delivery_fee: Annotated[
        Dollars | None, Field(description="Where the law taxes the delivery, its fee is part of the base.")
    ] = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.items is not None and sum(cents_of(item.amount) for item in self.items) != cents_of(
            self.subtotal
        ):
            raise ValueError("The amounts of the items do not add up to the subtotal.")
        return self


class TaxTotals(Shape):
    state: float
    cannabis: float
    local: float
    total: float


class TaxAnswer(Shape):
    subtotal: float
    taxes: TaxTotals
    breakdown: list[dict[str, object]]
    total: float
