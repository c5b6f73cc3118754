"""HTTP: what tax would be due; public, from the rule file. Whether a town is served is told by checkout."""

from typing import Annotated

from fastapi import APIRouter

from faded_skies.domains.compliance import service
from faded_skies.domains.compliance.schemas import CalculateTax, TaxAnswer
from faded_skies.domains.compliance.service import Line, RuleBook
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.provide import provided
from faded_skies.platform.money import cents_of, to_dollars

Book = Annotated[RuleBook, provided(RuleBook)]

router = APIRouter(prefix="/api/compliance", tags=["compliance"])


@router.post("/calculate-tax", response_model=TaxAnswer)
async def calculate_tax(body: CalculateTax, book: Book) -> Json:
    """The taxes on a subtotal of cannabis goods delivered to a town."""
    subtotal = cents_of(body.subtotal)
    line = Line("flower", 1, subtotal, 0, 0)
    amounts = service.taxes(book, [line], city=body.delivery_address.city)
    summary = service.tax_summary(amounts)
    tax = sum(amount.amount_cents for amount in amounts)
    return Json(
        {
            "subtotal": to_dollars(subtotal),
            "taxes": {kind: summary[kind] for kind in ("state", "cannabis", "local")}
            | {"total": to_dollars(tax)},
            "breakdown": summary["breakdown"],
            "total": to_dollars(subtotal + tax),
        }
    )
