"""SQL of what is on sale. What goes to clients is labelled and rounded here, so a row is an answer as it is.

The list is composed of constant fragments, one for each filter in use: every composition is prepared once a
connection, and PostgreSQL plans exactly what is asked.
"""

from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from faded_skies.domains.catalog.models import Filter, Product, Sort
from faded_skies.platform.db import Database, Row, Tx

Reader = Database | Tx

# Ids are text here: orjson does not write the driver's own UUID type. Stock and image are looked up row by row,
# because the planner would rather read both tables whole for the twenty rows of a page.
CARD = """
    p.id::text AS id, p.category_id::text AS "categoryId", p.name, p.description,
    p.price_cents / 100.0::float8 AS price, p.original_price_cents / 100.0::float8 AS "originalPrice",
    p.thc_content AS "thcContent", p.cbd_content AS "cbdContent", p.strain_type AS "strainType", p.effects,
    p.lab_tested AS "labTested", p.lab_results_url AS "labResultsUrl",
    coalesce((SELECT s.quantity FROM stock_levels s WHERE s.product_id = p.id), 0) AS "stockQuantity",
    p.is_featured AS "isFeatured", {} AS "isActive",
    (SELECT i.image_url FROM product_images i WHERE i.product_id = p.id AND i.is_primary) AS "primaryImage",
    round(p.rating_sum::numeric / nullif(p.review_count, 0), 2)::float8 AS "averageRating",
    p.review_count AS "reviewCount", p.product_class AS "productClass", p.net_weight_mg AS "netWeightMg",
    p.thc_mg AS "thcMg", p.created_at AS "createdAt", p.updated_at AS "updatedAt"
"""
_CARD = CARD.format("p.is_active AND c.is_active")
CATEGORY = "JOIN categories c ON c.id = p.category_id"

_IN_STOCK = "EXISTS (SELECT FROM stock_levels l WHERE l.product_id = p.id AND l.quantity > 0)"
# Field of the filter: its condition, in which {} is the next parameter.
_CONDITIONS = {
    "category_id": "p.category_id = {}",
    "category_slug": "p.category_id = (SELECT id FROM categories WHERE slug = {})",
    "strain_type": "p.strain_type = {}",
    "effects": "p.effects @> {}::text[]",
    "least_cents": "p.price_cents >= {}",
    "most_cents": "p.price_cents <= {}",
}
# Without parameters, so that partial indexes serve them.
_FLAGS = {
    ("featured", True): "p.is_featured",
    ("featured", False): "NOT p.is_featured",
    ("in_stock", True): _IN_STOCK,
    ("in_stock", False): f"NOT {_IN_STOCK}",
}
_ORDER: dict[Sort, str] = {
    "newest": "p.created_at DESC, p.id DESC",
    "price_asc": "p.price_cents, p.id",
    "price_desc": "p.price_cents DESC, p.id DESC",
    "rating": (
        "p.rating_sum::float8 / nullif(p.review_count, 0) DESC NULLS LAST, p.review_count DESC, p.id DESC"
    ),
    "name": "lower(p.name), p.id",
    "relevance": "p.score DESC, p.created_at DESC, p.id DESC",
}

_CARDS = f"SELECT {_CARD} FROM products p {CATEGORY} WHERE p.id = ANY($1::uuid[])"

IMAGES = """
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'id', g.id, 'imageUrl', g.image_url, 'altText', g.alt_text,
            'sortOrder', g.sort_order, 'isPrimary', g.is_primary, 'sizes', g.sizes
        ) ORDER BY g.sort_order, g.id)
        FROM product_images g WHERE g.product_id = p.id
    ), '[]') AS images
"""
_PRODUCT = (
    f"SELECT {_CARD}, {IMAGES} FROM products p {CATEGORY} WHERE p.id = $1 AND p.is_active AND c.is_active"
)

_REVIEWS = """
SELECT r.id::text AS id, r.rating, r.title, r.body, u.full_name AS "authorName", r.created_at AS "createdAt"
FROM product_reviews r JOIN users u ON u.id = r.user_id
WHERE r.product_id = $1
ORDER BY r.created_at DESC, r.id DESC
LIMIT 50
"""

_CATEGORIES = """
SELECT c.id::text AS id, c.name, c.slug, c.icon, c.description, c.sort_order AS "sortOrder",
    (SELECT count(*) FROM products p WHERE p.category_id = c.id AND p.is_active) AS "productCount"
FROM categories c
WHERE c.is_active
ORDER BY c.sort_order, c.name
"""

_PRODUCTS = """
SELECT p.id, p.name, p.price_cents, p.product_class, p.net_weight_mg,
    p.thc_mg, p.is_active AND c.is_active AS is_active,
    p.barred_tenders, coalesce(s.quantity, 0) AS stock_quantity
FROM products p JOIN categories c ON c.id = p.category_id LEFT JOIN stock_levels s ON s.product_id = p.id
WHERE p.id = ANY($1::uuid[])
"""

_STANDING = """
SELECT EXISTS (
    SELECT FROM orders o JOIN order_items l ON l.order_id = o.id
    WHERE o.user_id = $2 AND o.status = 'delivered' AND l.product_id = p.id
) AS delivered
FROM products p JOIN categories c ON c.id = p.category_id
WHERE p.id = $1 AND p.is_active AND c.is_active
"""

# The sums follow the row: whoever writes no row (a second review) adds nothing.
_INSERT_REVIEW = """
WITH review AS (
    INSERT INTO product_reviews (id, product_id, user_id, rating, title, body)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (product_id, user_id) DO NOTHING
    RETURNING id, rating, title, body, created_at
), counted AS (
    UPDATE products SET rating_sum = rating_sum + review.rating, review_count = review_count + 1
    FROM review WHERE products.id = $2
)
SELECT id::text AS id, rating, title, body, created_at AS "createdAt" FROM review
"""


@lru_cache(maxsize=1024)
def _list_statements(conditions: tuple[str, ...], *, searching: bool, sort: Sort) -> tuple[str, str, str]:
    """Compose the statements of one page, of one page with the count of all pages, and of this count alone."""
    where = ["p.is_active", "p.category_id IN (SELECT id FROM categories WHERE is_active)"]
    number = 1 + searching
    for condition in conditions:
        where.append(condition.format(f"${number}"))
        number += "{}" in condition
    matching = f"products p WHERE {' AND '.join(where)}"
    given = ""
    if searching:
        # Read once, for the page and for the count.
        given = f"""WITH found AS MATERIALIZED (SELECT * FROM search_products($1::text[])),
            matching AS MATERIALIZED (
                SELECT p.*, f.score FROM found f, {matching} AND p.id = f.product_id
            )"""
        matching = "matching p"
    count = f"SELECT count(*) FROM {matching}"
    order = _ORDER[sort]
    # The page is cut first and dressed afterwards: images and stock are looked up for its rows only.
    page = f"""FROM (
            SELECT p.* FROM {matching} ORDER BY {order} LIMIT ${number} OFFSET ${number + 1}
        ) AS p {CATEGORY}
        ORDER BY {order}
    """
    return (
        f"{given} SELECT {_CARD} {page}",
        f"{given} SELECT {_CARD}, ({count}) AS total {page}",
        f"{given} {count}",
    )


async def list_cards(
    db: Database, wanted: Filter, *, sort: Sort, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    """Return one page of products as clients see them, and how many there are on all pages (`Database.count`)."""
    searching = wanted.words is not None
    given = {field: value for field in _CONDITIONS if (value := getattr(wanted, field)) is not None}
    flags = [condition for (field, value), condition in _FLAGS.items() if getattr(wanted, field) is value]
    conditions = (*(_CONDITIONS[field] for field in given), *flags)
    values = (wanted.words, *given.values()) if searching else tuple(given.values())
    page, counted_page, count = _list_statements(conditions, searching=searching, sort=sort)
    if db.totals.find(count, values) is not None:
        cards = [dict(row) for row in await db.fetch(page, *values, limit, offset)]
        return cards, await db.count(count, *values, rows=len(cards), limit=limit, offset=offset)
    # In one round trip: a short list is counted as fast as it is read.
    cards = [dict(row) for row in await db.fetch(counted_page, *values, limit, offset)]
    total = 0
    for card in cards:
        total = card.pop("total")
    if not cards and offset:
        total = await db.fetchval(count, *values)
    db.totals.keep(count, values, total)
    return cards, total


async def find_cards(db: Reader, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Return the products as clients see them, those no longer sold too."""
    return [dict(row) for row in await db.fetch(_CARDS, list(ids))]


async def find_page(db: Reader, product_id: UUID) -> dict[str, Any] | None:
    """Return a product on sale as clients see it, with its images under "images"."""
    row = await db.fetchrow(_PRODUCT, product_id)
    return None if row is None else dict(row)


async def list_reviews(db: Reader, product_id: UUID) -> list[dict[str, Any]]:
    """Return the newest reviews; "authorName" is still the whole name."""
    return [dict(row) for row in await db.fetch(_REVIEWS, product_id)]


async def list_categories(db: Reader) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch(_CATEGORIES)]


async def find_products(db: Reader, ids: Sequence[UUID]) -> dict[UUID, Product]:
    return {row["id"]: Product(**dict(row)) for row in await db.fetch(_PRODUCTS, list(ids))}


async def find_standing(tx: Tx, *, product_id: UUID, user_id: UUID) -> bool | None:
    """Tell whether the person had the product delivered; None when it is not on sale."""
    return cast("bool | None", await tx.fetchval(_STANDING, product_id, user_id))


async def insert_review(
    tx: Tx,
    *,
    review_id: UUID,
    product_id: UUID,
    user_id: UUID,
    rating: int,
    title: str | None,
    body: str | None,
) -> dict[str, Any] | None:
    """Insert and count a review; None when the person has written one already."""
    row = await tx.fetchrow(_INSERT_REVIEW, review_id, product_id, user_id, rating, title, body)
    return None if row is None else dict(row)


_HELD_REVIEWS = """
SELECT r.product_id AS "productId", p.name AS "productName", r.rating, r.title, r.body, r.created_at AS "createdAt"
FROM product_reviews r JOIN products p ON p.id = r.product_id WHERE r.user_id = $1 ORDER BY r.created_at, r.id
"""
# The sums follow the rows, as they do when a review is written.
_DELETE_REVIEWS = """
WITH gone AS (DELETE FROM product_reviews WHERE user_id = $1 RETURNING product_id, rating)
UPDATE products p SET rating_sum = p.rating_sum - gone.rating, review_count = p.review_count - 1
FROM gone WHERE p.id = gone.product_id
"""


def stream_reviews_of(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD_REVIEWS, user_id)


async def delete_reviews_of(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_DELETE_REVIEWS, user_id)
