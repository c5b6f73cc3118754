"""What a product must have to be kept, beside what each field of it allows."""

from typing import Protocol

MOST_IMAGES = 10


class Entry(Protocol):
    """A product as staff writes it."""

    @property
    def price_cents(self) -> int: ...
    @property
    def original_price_cents(self) -> int | None: ...
    @property
    def net_weight_mg(self) -> int | None: ...
    @property
    def thc_mg(self) -> int | None: ...


def entry_problem(entry: Entry) -> tuple[str, str] | None:
    """Return the field that does not fit the others, and what to do; None when all is well."""
    if entry.original_price_cents is not None and entry.original_price_cents <= entry.price_cents:
        return (
            "originalPrice",
            "The original price must be above the price. Raise it, or leave it out when nothing is reduced.",
        )
    if entry.net_weight_mg is not None and entry.thc_mg is not None and entry.thc_mg > entry.net_weight_mg:
        return "thcMg", "There cannot be more THC than the package weighs. Check both, in milligrams."
    return None
