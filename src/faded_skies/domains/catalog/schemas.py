"""The catalogue on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from faded_skies.domains.catalog.models import Filter, ProductClass, Sort, Strain
from faded_skies.domains.catalog.rules import search_words
from faded_skies.platform.http.fields import Body, Id, Line, Note, Shape, Text
from faded_skies.platform.money import Sum, cents_of
from faded_skies.platform.paging import DEEPEST, DEFAULT_ROWS, MOST_ROWS

_MOST_EFFECTS = 10

_Short = Annotated[Text, Field(max_length=100)]


def _several(value: object) -> object:
    """Take a repeated parameter, a comma-separated one, and both at once."""
    parts = value if isinstance(value, list) else [value]
    return [word.strip().lower() for part in parts for word in str(part).split(",") if word.strip()]


def _none_when_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _id(text: str) -> UUID | None:
    if len(text) != 36:  # noqa: PLR2004 - RFC 9562 §4; a slug need not cost an exception
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


class ProductQuery(Body):
    """The parameters of the product list."""

    category: Annotated[
        _Short | None,
        BeforeValidator(_none_when_blank),
        Field(description="Slug or id of a category; an unknown one has no products."),
    ] = None
    search: Annotated[
        _Short | None,
        BeforeValidator(_none_when_blank),
        Field(
            description="Words of a name, strain, effect or category; all must match, but for typing errors."
        ),
    ] = None
    featured: Annotated[bool | None, Field(description="Only those that are (or are not) featured.")] = None
    strain_type: Annotated[Strain | None, Field(description="Only this kind of strain.")] = None
    effects: Annotated[
        Annotated[
            list[_Short],
            Field(max_length=_MOST_EFFECTS),
            BeforeValidator(_several),
            # The limits hold for the words, which a schema of the written parameter cannot say.
            WithJsonSchema({"type": "array", "items": {"type": "string"}}),
        ]
        | None,
        Field(
            description=f"Every one of these; repeat it or separate by commas. At most {_MOST_EFFECTS} words."
        ),
    ] = None
    min_price: Annotated[Sum | None, Field(description="Dollars, inclusive.")] = None
    max_price: Annotated[Sum | None, Field(description="Dollars, inclusive.")] = None
    in_stock: Annotated[bool | None, Field(description="Only what is there (or is sold out).")] = None
    sort: Annotated[
        Sort | None, Field(description="Without it: relevance for a search, else the newest first.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS, description="How many products.")] = DEFAULT_ROWS
    offset: Annotated[int, Field(ge=0, le=DEEPEST, description="How many to pass over first.")] = 0

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise ValueError("minPrice is above maxPrice; exchange them.")
        return self

    @property
    def wanted(self) -> Filter:
        category_id = None if self.category is None else _id(self.category)
        return Filter(
            category_id=category_id,
            category_slug=None if category_id else self.category,
            words=None if self.search is None else search_words(self.search),
            featured=self.featured,
            strain_type=self.strain_type,
            effects=self.effects or None,
            least_cents=None if self.min_price is None else cents_of(self.min_price),
            most_cents=None if self.max_price is None else cents_of(self.max_price),
            in_stock=self.in_stock,
        )

    @property
    def order(self) -> Sort:
        if self.search is not None:
            return self.sort or "relevance"
        return self.sort if self.sort and self.sort != "relevance" else "newest"


class NewReview(
    Body,
    json_schema_extra={
        "examples": [{"rating": 5, "title": "Calm evenings", "body": "Smells of pine, slept well."}]
    },
):
    """A review of a product."""

    rating: Annotated[int, Field(strict=True, ge=1, le=5, description="1 (poor) to 5 (excellent).")]
    title: Annotated[Line, Field(max_length=100)] | None = None
    body: Note | None = None


class ProductShape(Shape):
    """A product. Prices are dollars; weights and THC are milligrams of the whole package."""

    id: Id
    category_id: Id
    name: str
    description: str | None
    price: float
    original_price: float | None
    thc_content: str | None
    cbd_content: str | None
    strain_type: Strain | None
    effects: list[str]
    lab_tested: bool
    lab_results_url: str | None
    stock_quantity: int
    is_featured: bool
    is_active: bool
    primary_image: str | None
    average_rating: Annotated[float | None, Field(ge=1, le=5)]
    review_count: int
    product_class: ProductClass
    net_weight_mg: int | None
    thc_mg: int | None
    created_at: datetime
    updated_at: datetime


class ProductsShape(Shape):
    """One page of products."""

    products: list[ProductShape]
    total: int
    has_more: bool


class SizeShape(Shape):
    """The picture in one size, pixels; the address is good for ever and always means the same bytes."""

    width: int
    height: int
    url: str


class ImageShape(Shape):
    """A picture of a product; `sizes` are the same picture, the smallest first, none for pictures of before them."""

    id: Id
    image_url: str
    alt_text: str | None
    sort_order: int
    is_primary: bool
    sizes: list[SizeShape]


class ReviewShape(Shape):
    """A review; the author is a first name and an initial."""

    id: Id
    rating: Annotated[int, Field(ge=1, le=5)]
    title: str | None
    body: str | None
    author_name: str
    created_at: datetime


class ProductPageShape(Shape):
    """A product with its pictures and newest 50 reviews."""

    product: ProductShape
    images: list[ImageShape]
    reviews: list[ReviewShape]


class WrittenReviewShape(Shape):
    """The review that was written."""

    review: ReviewShape


class CategoryShape(Shape):
    """A category; `productCount` counts what is on sale."""

    id: Id
    name: str
    slug: str
    icon: str | None
    description: str | None
    sort_order: int
    product_count: int


class CategoriesShape(Shape):
    """All categories, in their order."""

    categories: list[CategoryShape]
