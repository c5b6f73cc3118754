"""The compliance calls on the wire (guide, compliance part)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from faded_skies.platform.http.fields import Body, Shape, Text
from faded_skies.platform.money import Dollars


class Place(BaseModel):
    """An address as the guide's clients send it: only the city matters here, further keys are let through."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    city: Annotated[Text, Field(min_length=1, max_length=100)]
    state: Annotated[Text, Field(max_length=50)] | None = None


class CalculateTax(
    Body,
    json_schema_extra={"examples": [{"subtotal": 70, "deliveryAddress": {"city": "Austin", "state": "TX"}}]},
):
    subtotal: Dollars
    delivery_address: Place


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
