"""Which ways to pay an order may take: the law, the shop, the card processor and each product say so. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faded_skies.domains.compliance.service import RuleBook
from faded_skies.domains.payments.errors import TenderNotAllowed
from faded_skies.domains.payments.ports import CardTerms
from faded_skies.domains.payments.service import Tender

_WORDS = {
    Tender.CARD: "card",
    Tender.APPLE_PAY: "Apple Pay",
    Tender.GOOGLE_PAY: "Google Pay",
    Tender.FS_COIN: "FS coins",
    Tender.CASH: "cash",
}


@dataclass(frozen=True, slots=True)
class Goods:
    """What the choice of a tender sees of one product."""

    name: str
    product_class: str
    barred_tenders: Sequence[str]


def tender_problem(
    tender: Tender, goods: Iterable[Goods], *, book: RuleBook, offered: frozenset[str], terms: CardTerms
) -> TenderNotAllowed | None:
    """Return why these goods cannot be paid this way, None when they can. `offered` are the shop's tenders."""
    word = _WORDS[tender]
    if tender not in book.tender_rules.allowed:
        return TenderNotAllowed(
            f"The law does not allow paying by {word} here. Choose another way.", because="law"
        )
    if tender not in offered or (tender.needs_gateway and not terms.is_connected):
        return TenderNotAllowed(f"This shop does not take {word}. Choose another way to pay.", because="shop")
    for product in goods:
        problem = _product_problem(tender, product, book=book, terms=terms)
        if problem is not None:
            return problem
    return None


def _product_problem(
    tender: Tender, product: Goods, *, book: RuleBook, terms: CardTerms
) -> TenderNotAllowed | None:
    ways_out = f"Choose another way to pay, or take {product.name} out of the cart."
    for bar in book.tender_bars:
        if tender in bar.tenders and product.product_class in bar.classes:
            return TenderNotAllowed(f"{bar.reason} {ways_out}", because="law")
    if tender in product.barred_tenders:
        return TenderNotAllowed(
            f"{product.name} cannot be paid by {_WORDS[tender]}. {ways_out}", because="product"
        )
    if tender.needs_gateway and not terms.carries(product.product_class):
        return TenderNotAllowed(
            f"Card networks do not carry the sale of {product.name}. {ways_out}", because="processor"
        )
    return None
