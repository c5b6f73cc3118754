"""Stock as the other domains see it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of a product an order wants. `name` is for the sentence when there is too little."""

    product_id: UUID
    name: str
    quantity: int
