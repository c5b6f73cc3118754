"""HTTP: what tax would be due; public, from the rule file. Whether a town is served is told by checkout."""

from typing import Annotated

from fastapi import APIRouter

from faded_skies.domains.compliance import service
from faded_skies.domains.compliance.schemas import CalculateTax, TaxAnswer
from faded_skies.domains.compliance.service import Law, Line
from faded_skies.platform import clock
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.provide import provided
from faded_skies.platform.money import cents_of, to_dollars

TheLaw = Annotated[Law, provided(Law)]

router = APIRouter(prefix="/api/compliance", tags=["compliance"])


@router.post("/calculate-tax", response_model=TaxAnswer)
async def calculate_tax(body: CalculateTax, law: TheLaw) -> Json:
    """The taxes on goods delivered to a town; `breakdown` has each step with its base and its rate."""
    subtotal = cents_of(body.subtotal)
    fee = 0 if body.delivery_fee is None else cents_of(body.delivery_fee)
    lines = (
        [Line("flower", 1, subtotal, 0, 0)]
        if body.items is None
        else [Line(item.product_class, 1, cents_of(item.amount), 0, 0) for item in body.items]
    )
    city = body.delivery_address.city
    book = law.of_town(clock.now(), city)
    amounts = service.taxes(book, lines, city=city, fees={"delivery_fee": fee})
    summary = service.tax_summary(amounts)
    tax = sum(amount.amount_cents for amount in amounts)
    return Json(
        {
            "subtotal": to_dollars(subtotal),
            "taxes": {kind: summary[kind] for kind in ("state", "cannabis", "local")}
            | {"total": to_dollars(tax)},
            "breakdown": summary["breakdown"],
            "total": to_dollars(subtotal + fee + tax),
        }
    )
