"""Products and categories as staff writes and sees them."""

import re
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.catalog.schemas import ImageShape, ProductShape
from faded_skies.domains.catalog.service import BadCell, NewCategory, NewProduct, ProductClass, Strain
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import RuleBook
from faded_skies.domains.payments.service import Tender
from faded_skies.platform.http.fields import Body, Id, Line, Shape, Text
from faded_skies.platform.ids import new_id
from faded_skies.platform.money import JsonNumber, Sum, cents_of

_MOST_MG = 2_000_000_000

_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def _each_once(words: list[Any]) -> list[Any]:
    if len(set(words)) < len(words):
        raise PydanticCustomError("repeated", "Name each only once.")
    return words


def _none_when_blank(text: str) -> str | None:
    return text if text.strip() else None


Price = Annotated[Sum, Field(ge=Decimal("0.01")), JsonNumber()]
Milligrams = Annotated[
    int, Field(strict=True, ge=0, le=_MOST_MG, description="Milligrams of the whole package.")
]
Content = Annotated[
    Line, Field(max_length=20, description="As it stands on the package.", examples=["22.4%"])
]
Effect = Annotated[
    Line,
    Field(max_length=50, pattern=r"^[^,]+$", description="A word without a comma."),
    AfterValidator(str.lower),
]
Effects = Annotated[list[Effect], Field(max_length=20), AfterValidator(_each_once)]
Barred = Annotated[
    list[Tender],
    Field(max_length=len(Tender), description="Ways to pay it is not sold for."),
    AfterValidator(_each_once),
]
Prose = Annotated[Text, Field(max_length=5000), AfterValidator(_none_when_blank)]
# What the folder behind /media can hold, which backups ask for.
_FILE = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}"
LabUrl = Annotated[
    Line,
    Field(
        max_length=500,
        pattern=rf"^(https://\S+|/media/{_FILE}(/{_FILE})*)$",
        description="An https address, or /media/ and the name of a file of this shop.",
    ),
]
Flag = Annotated[bool, Field(strict=True)]
Name = Annotated[Line, Field(max_length=255)]

_MAY_BE_NULL = frozenset(
    {
        "description",
        "original_price",
        "thc_content",
        "cbd_content",
        "strain_type",
        "lab_results_url",
        "net_weight_mg",
        "thc_mg",
        "icon",
    }
)


def _sent(body: Body) -> dict[str, Any]:
    return {
        name: value
        for name in sorted(body.model_fields_set)
        if (value := getattr(body, name)) is not None or name in _MAY_BE_NULL
    }


class ChangeProduct(Body, json_schema_extra={"examples": [{"price": 32.5, "originalPrice": 39}]}):
    """What is sent is changed. Null takes out what a product need not have; elsewhere it changes nothing.

    What the law counts of a class (`netWeightMg`, `thcMg`) must be there before it can be on sale.
    """

    category_id: Id | None = None
    name: Name | None = None
    description: Prose | None = None
    price: Price | None = None
    original_price: Price | None = None
    product_class: ProductClass | None = None
    net_weight_mg: Milligrams | None = None
    thc_mg: Milligrams | None = None
    thc_content: Content | None = None
    cbd_content: Content | None = None
    strain_type: Strain | None = None
    effects: Effects | None = None
    lab_tested: Flag | None = None
    lab_results_url: LabUrl | None = None
    is_featured: Flag | None = None
    is_active: Flag | None = None
    barred_tenders: Barred | None = None

    def fields(self) -> dict[str, Any]:
        """Return what was sent, as NewProduct names it."""
        sent = _sent(self)
        for name in ("price", "original_price"):
            if name in sent:
                dollars = sent.pop(name)
                sent[f"{name}_cents"] = None if dollars is None else cents_of(dollars)
        if "effects" in sent:
            sent["effects"] = tuple(sent["effects"])
        if "barred_tenders" in sent:
            sent["barred_tenders"] = tuple(tender.value for tender in sent["barred_tenders"])
        return sent


class CreateProduct(
    ChangeProduct,
    json_schema_extra={
        "examples": [
            {
                "categoryId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60",
                "name": "Barton Haze 3.5 g",
                "description": "Pine and lemon, from a small house in the hills.",
                "price": 35,
                "productClass": "flower",
                "netWeightMg": 3500,
                "thcMg": 780,
                "thcContent": "22.4%",
                "strainType": "sativa",
                "effects": ["happy", "focused"],
            }
        ]
    },
):
    """A new product, without stock: take in a lot, or count it in by hand."""

    category_id: Id
    name: Name
    price: Price
    product_class: ProductClass

    def product(self) -> NewProduct:
        return NewProduct(id=new_id(), **self.fields())


class ChangeCategory(Body, json_schema_extra={"examples": [{"sortOrder": 2}]}):
    """What is sent is changed; null takes out the icon or the description."""

    name: Annotated[Line, Field(max_length=100)] | None = None
    slug: Annotated[str, Field(max_length=100, pattern=_SLUG)] | None = None
    icon: Annotated[Line, Field(max_length=100)] | None = None
    description: Prose | None = None
    sort_order: (
        Annotated[int, Field(strict=True, ge=-1000, le=1000, description="The least comes first.")] | None
    ) = None
    is_active: Flag | None = None

    def fields(self) -> dict[str, Any]:
        """Return what was sent."""
        return _sent(self)


class CreateCategory(
    ChangeCategory, json_schema_extra={"examples": [{"name": "Pre-rolls", "icon": "🚬", "sortOrder": 3}]}
):
    """A new category; without `slug` it is made of the name."""

    name: Annotated[Line, Field(max_length=100)]

    def category(self) -> NewCategory:
        fields = self.fields()
        fields.setdefault("slug", re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or new_id().hex)
        return NewCategory(id=new_id(), **fields)


class StaffProductShape(ProductShape):
    """A product as staff sees it: `isActive` is its own, whatever its category's; `owedQuantity` is sold and gone."""

    barred_tenders: list[Tender]
    owed_quantity: int


class StaffProductsAnswer(Shape):
    products: list[StaffProductShape]
    total: int
    has_more: bool


class StaffProductAnswer(Shape):
    product: StaffProductShape
    images: list[ImageShape]


class StaffCategoryShape(Shape):
    """A category; one that is not active is shown to nobody, with all its products. `productCount`: active ones."""

    id: UUID
    name: str
    slug: str
    icon: str | None
    description: str | None
    sort_order: int
    is_active: bool
    product_count: int


class StaffCategoriesAnswer(Shape):
    categories: list[StaffCategoryShape]


class StaffCategoryAnswer(Shape):
    category: StaffCategoryShape


class ChangePicture(
    Body, json_schema_extra={"examples": [{"altText": "A jar of green buds", "isPrimary": True}]}
):
    """`isPrimary: true` makes it the one that lists show, in place of the one before."""

    alt_text: Annotated[Line, Field(max_length=255)] | None = None
    is_primary: Annotated[bool, Field(strict=True)] = False


class ArrangePictures(
    Body, json_schema_extra={"examples": [{"imageIds": ["0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"]}]}
):
    """All pictures of the product, in their order."""

    image_ids: Annotated[list[Id], Field(min_length=1, max_length=10)]


class PicturesAnswer(Shape):
    images: list[ImageShape]


class BadCellShape(Shape):
    """What is wrong in a file: the row as a spreadsheet counts (the heading is 1), and the column of a cell."""

    row: int
    column: str | None
    message: str


class ImportAnswer(Shape):
    """What the file did, or would do. With `problems` it does nothing; of very many the first are told."""

    dry_run: bool
    created: int
    changed: int
    unchanged: int
    problems: list[BadCellShape]
    problems_total: int


def present_bad_cell(cell: BadCell) -> dict[str, object]:
    return {"row": cell.row, "column": cell.column, "message": cell.message}


_SAID = {
    "product_class": (
        "productClass",
        "The law here knows no {product_class}, so it cannot be sold. Choose another class, or put the product away.",
    ),
    "net_weight_mg": (
        "netWeightMg",
        "The law counts the net milligrams of {product_class}. Enter them, or put the product away.",
    ),
    "thc_mg": (
        "thcMg",
        "The law counts the milligrams of THC of {product_class}. Enter them, or put the product away.",
    ),
}


def why_not_for_sale(book: RuleBook, product: NewProduct) -> list[tuple[str, str]]:
    """Return the fields that keep an active product from being sold here, each with what to do."""
    if not product.is_active:
        return []
    line = compliance.Line(
        product.product_class, 1, product.price_cents, product.net_weight_mg, product.thc_mg
    )
    missing = compliance.missing_facts(book, line)
    return [
        (field, sentence.format(product_class=product.product_class))
        for field, sentence in (_SAID[fact] for fact in missing)
    ]
