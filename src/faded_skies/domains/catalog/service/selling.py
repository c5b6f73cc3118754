"""What is on sale, and what people say of it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from faded_skies.domains.catalog.errors import AlreadyReviewed, ProductNotFound, ReviewNotAllowed
from faded_skies.domains.catalog.models import Filter, Product, Sort
from faded_skies.domains.catalog.queries import selling as queries
from faded_skies.domains.catalog.rules import author_name
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.paging import page


async def products(db: Database, wanted: Filter, *, sort: Sort, limit: int, offset: int) -> dict[str, Any]:
    """Return one page of the products on sale, as clients see it."""
    cards, total = await queries.list_cards(db, wanted, sort=sort, limit=limit, offset=offset)
    return page("products", cards, total=total, offset=offset)


async def product_page(db: Database, product_id: UUID) -> dict[str, Any]:
    """Return a product with its images and newest 50 reviews, as clients see it. Raises ProductNotFound."""
    product = await queries.find_page(db, product_id)
    if product is None:
        raise ProductNotFound
    images = product.pop("images")
    reviews = await queries.list_reviews(db, product_id) if product["reviewCount"] else []
    for review in reviews:
        review["authorName"] = author_name(review["authorName"])
    return {"product": product, "images": images, "reviews": reviews}


async def categories(db: Database) -> list[dict[str, Any]]:
    """Return the categories in their order, as clients see them; `productCount` counts what is on sale."""
    return await queries.list_categories(db)


async def review_product(
    tx: Tx,
    *,
    product_id: UUID,
    user_id: UUID,
    user_name: str,
    rating: int,
    title: str | None,
    body: str | None,
) -> dict[str, Any]:
    """Add a person's review. Raises ProductNotFound, ReviewNotAllowed or AlreadyReviewed."""
    delivered = await queries.find_standing(tx, product_id=product_id, user_id=user_id)
    if delivered is None:
        raise ProductNotFound
    if not delivered:
        raise ReviewNotAllowed
    review = await queries.insert_review(
        tx,
        review_id=new_id(),
        product_id=product_id,
        user_id=user_id,
        rating=rating,
        title=title,
        body=body,
    )
    if review is None:
        raise AlreadyReviewed
    return {**review, "authorName": author_name(user_name)}


async def find_products(db: Database | Tx, ids: Sequence[UUID]) -> dict[UUID, Product]:
    """Return those of the products that exist, those no longer sold too (`is_active` is False then)."""
    return await queries.find_products(db, ids)


async def find_cards(db: Database | Tx, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the products as clients see them in lists, with their exact stock; those no longer sold too."""
    return {UUID(card["id"]): card for card in await queries.find_cards(db, ids)}


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return what the catalogue holds on a person."""
    return {"reviews": queries.stream_reviews_of(tx, user_id)}


async def erase(tx: Tx, user_id: UUID) -> None:
    """Take back the reviews of somebody who left; averages follow."""
    await queries.delete_reviews_of(tx, user_id)
