"""What may be sold of a lot, and which lots units come back to. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, Protocol
from uuid import UUID

LabResult = Literal["pending", "passed", "failed"]
LotStatus = Literal["active", "held", "recalled", "expired"]


class Packed(Protocol):
    """Units of a lot that lie in an order, and how many of them are still with the customer."""

    @property
    def lot_id(self) -> UUID: ...
    @property
    def product_id(self) -> UUID: ...
    @property
    def left(self) -> int: ...


def is_sellable(status: LotStatus, lab_result: LabResult, expires_on: date | None, *, today: date) -> bool:
    """Tell whether units of a lot may be sold: it is active, its test is passed, and its last day is not over."""
    return status == "active" and lab_result == "passed" and (expires_on is None or today <= expires_on)


def why_not_sellable(tag: str, status: LotStatus, lab_result: LabResult, expires_on: date | None) -> str:
    """Return the sentence for a packer who scanned a lot that may not be sold."""
    if status == "recalled":
        return f"Lot {tag} is recalled. Put it aside and take another lot."
    if status == "held":
        return f"Lot {tag} is on hold. Put it aside and take another lot."
    if lab_result != "passed":
        return f"Lot {tag} has no passed lab result ({lab_result}). Take another lot."
    return f"Lot {tag} expired on {expires_on}. Take another lot."


def spread_over(packages: Sequence[Packed], quantities: Mapping[UUID, int]) -> dict[UUID, int]:
    """Return how many units of each lot come back, for so many of each product: the last packed first.

    What is more than was packed from lots belongs to none.
    """
    units: dict[UUID, int] = {}
    for product_id, wanted in quantities.items():
        left = wanted
        for package in reversed([one for one in packages if one.product_id == product_id]):
            taken = min(left, package.left)
            if taken:
                units[package.lot_id] = taken
                left -= taken
    return units
