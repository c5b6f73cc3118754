"""Products as the other domains see them, and what it takes to open a catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
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
    """A category as staff writes it, new or changed."""

    id: UUID
    name: str
    slug: str
    icon: str | None = None
    description: str | None = None
    sort_order: int = 0
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProduct:
    """A product as staff writes it, new or changed. Prices in cents, weights and THC in milligrams of the package."""

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
class Size:
    """A picture in one size, pixels, and where everybody can read it."""

    width: int
    height: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """A picture of a product. `image_url` is what clients show that know no `sizes`."""

    id: UUID
    product_id: UUID
    image_url: str
    alt_text: str | None = None
    sort_order: int = 0
    is_primary: bool = False
    sizes: Sequence[Size] = ()


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a file of products. `product_id` is None where the file leaves it empty; `fields` are NewProduct's.

    `number` is its line's number as a spreadsheet counts: the heading is 1.
    """

    number: int
    product_id: UUID | None
    category: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadCell:
    """What is wrong in a file, and what to do about it; no `column` where it is the row as a whole."""

    row: int
    column: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPlan:
    """What a file would do. It is carried out only when there are no `problems`.

    `drafts` are the new and changed products with the numbers of their rows, `before` what is held of those there are.
    """

    created: Sequence[NewProduct]
    changed: Sequence[NewProduct]
    unchanged: int
    drafts: Sequence[tuple[int, NewProduct]]
    before: Mapping[UUID, NewProduct]
    problems: Sequence[BadCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffFilter:
    """Which products staff sees; `words` are found anywhere in the name, the strain and the effects."""

    words: str | None = None
    category_id: UUID | None = None
    is_active: bool | None = None
