"""What the demo shop sells: a category and a product, as plain values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from faded_skies.domains.catalog.service import ProductClass, Strain


@dataclass(frozen=True, slots=True)
class Category:
    slug: str
    name: str
    icon: str
    """One emoji."""
    description: str
    sort_order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    category: str
    """Slug of its category."""
    name: str
    """Unique in the shop."""
    description: str
    price_cents: int
    original_price_cents: int | None = None
    """Price in cents before the sale; None when not on sale."""
    product_class: ProductClass
    net_weight_mg: int = 0
    """Milligrams of contents without the package; 0 for plants and accessories."""
    thc_content: str | None = None
    """As a menu shows it: a share of the net weight ("22.4%") or an amount per package ("100 mg")."""
    cbd_content: str | None = None
    """Like `thc_content`."""
    strain_type: Strain | None = None
    effects: tuple[str, ...] = ()
    lab_tested: bool = True
    stock_quantity: int = 0
    is_featured: bool = False

    @property
    def slug(self) -> str:
        """The name in lower case, words joined by hyphens; unique like the name."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def thc_mg(self) -> int:
        """Milligrams of THC in the whole package; what limits and taxes count."""
        return _amount_mg(self.thc_content, self.net_weight_mg)

    @property
    def cbd_mg(self) -> int:
        """Milligrams of CBD in the whole package."""
        return _amount_mg(self.cbd_content, self.net_weight_mg)


def percent(permille: int) -> str:
    return f"{permille // 10}.{permille % 10}%"


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def prose(sentences: Sequence[str]) -> str:
    return " ".join(sentences)


def _amount_mg(content: str | None, net_weight_mg: int) -> int:
    if content is None:
        return 0
    if content.endswith("%"):
        share = Decimal(content.removesuffix("%")) / 100
        return int((net_weight_mg * share).quantize(Decimal(1), ROUND_HALF_UP))
    return int(content.removesuffix(" mg"))
