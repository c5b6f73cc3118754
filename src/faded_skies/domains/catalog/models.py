"""Products as the other domains see them, and what it takes to open a catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

ProductClass = Literal[
    "flower",
    "preroll",
    "vape",
    "concentrate",
    "edible",
    "beverage",
    "tincture",
    "topical",
    "plant",
    "accessory",
]
Strain = Literal["sativa", "indica", "hybrid"]
Sort = Literal["newest", "price_asc", "price_desc", "rating", "name", "relevance"]


@dataclass(frozen=True, slots=True)
class Product:
    """What an order needs to know of a product; limits and taxes count the package's milligrams.

    `barred_tenders` are the ways to pay that it does not take.
    """

    id: UUID
    name: str
    price_cents: int
    product_class: ProductClass
    net_weight_mg: int | None
    thc_mg: int | None
    is_active: bool
    barred_tenders: Sequence[str]
    stock_quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which products a list shows. All `words` must be found, all `effects` be there; cents are inclusive."""

    category_id: UUID | None = None
    category_slug: str | None = None
    words: Sequence[str] | None = None
    featured: bool | None = None
    strain_type: Strain | None = None
    effects: Sequence[str] | None = None
    least_cents: int | None = None
    most_cents: int | None = None
    in_stock: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCategory:
    id: UUID
    name: str
    slug: str
    icon: str | None = None
    description: str | None = None
    sort_order: int = 0
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProduct:
    id: UUID
    category_id: UUID
    name: str
    price_cents: int
    product_class: ProductClass
    description: str | None = None
    original_price_cents: int | None = None
    thc_content: str | None = None
    cbd_content: str | None = None
    strain_type: Strain | None = None
    effects: Sequence[str] = ()
    lab_tested: bool = False
    lab_results_url: str | None = None
    net_weight_mg: int | None = None
    thc_mg: int | None = None
    is_featured: bool = False
    is_active: bool = True
    barred_tenders: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    id: UUID
    product_id: UUID
    image_url: str
    alt_text: str | None = None
    sort_order: int = 0
    is_primary: bool = False
