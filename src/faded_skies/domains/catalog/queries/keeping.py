"""SQL of how staff keeps the catalogue."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from faded_skies.domains.catalog.errors import CategoryTaken
from faded_skies.domains.catalog.models import NewCategory, NewProduct, StaffFilter
from faded_skies.domains.catalog.queries.selling import CARD, CATEGORY, IMAGES
from faded_skies.platform.db import Database, Row, Tx

_T = TypeVar("_T")

_COLUMNS = """
    category_id, name, description, price_cents, original_price_cents, thc_content, cbd_content, strain_type, effects,
    lab_tested, lab_results_url, product_class, net_weight_mg, thc_mg, is_featured, is_active, barred_tenders
"""
_RECORD = """
    jsonb_to_recordset($1::jsonb) AS n (
        id uuid, category_id uuid, name text, description text, price_cents int, original_price_cents int,
        thc_content text, cbd_content text, strain_type text, effects text[], lab_tested boolean,
        lab_results_url text, product_class text, net_weight_mg int, thc_mg int, is_featured boolean,
        is_active boolean, barred_tenders text[]
    )
"""
_INSERT_PRODUCTS = f"INSERT INTO products (id, {_COLUMNS}) SELECT id, {_COLUMNS} FROM {_RECORD}"
_UPDATE_PRODUCTS = f"""
UPDATE products p SET ({_COLUMNS}, updated_at) = (SELECT {_COLUMNS}, now() FROM {_RECORD} WHERE n.id = p.id)
WHERE p.id = ANY($2::uuid[])
"""
_LOCK_PRODUCTS = f"""
SELECT id, {_COLUMNS} FROM products WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
# Products bring words for the search, which two writers may have in common: one after the other, an import in whole.
_LOCK_WRITING = "SELECT pg_advisory_xact_lock(hashtextextended('catalogue import', 0))"
_NAMED = """
SELECT p.id, p.category_id, lower(p.name) AS name FROM products p
JOIN unnest($1::uuid[], $2::text[]) AS n (category_id, name) ON p.category_id = n.category_id AND lower(p.name) = n.name
"""
_SLUGS = "SELECT slug, id FROM categories"
_PAGE = f"SELECT id, {_COLUMNS} FROM products WHERE id > $1 ORDER BY id LIMIT $2"

# What customers see of it is its own and its category's; staff sees what it set.
_STAFF_CARD = f"""{CARD.format("p.is_active")}, p.barred_tenders AS "barredTenders",
    coalesce((SELECT s.owed FROM stock_levels s WHERE s.product_id = p.id), 0) AS "owedQuantity"
"""
_WANTED = """
    ($1::text IS NULL OR p.search_text LIKE $1) AND ($2::uuid IS NULL OR p.category_id = $2)
    AND ($3::boolean IS NULL OR p.is_active = $3)
"""
_LIST = f"""
SELECT {_STAFF_CARD} FROM (
    SELECT p.* FROM products p WHERE {_WANTED} ORDER BY p.created_at DESC, p.id DESC LIMIT $4 OFFSET $5
) AS p {CATEGORY} ORDER BY p.created_at DESC, p.id DESC
"""
_COUNT = f"SELECT count(*) FROM products p WHERE {_WANTED}"
_GET = f"SELECT {_STAFF_CARD}, {IMAGES} FROM products p {CATEGORY} WHERE p.id = $1"

# A file brings thousands of products: others have their turn between the slices.
_AT_ONCE = 250

_INSERT_CATEGORIES = """
INSERT INTO categories (id, name, slug, icon, description, sort_order, is_active)
SELECT id, name, slug, icon, description, sort_order, is_active
FROM jsonb_to_recordset($1::jsonb) AS n (
    id uuid, name text, slug text, icon text, description text, sort_order int, is_active boolean
)
"""
_UPDATE_CATEGORY = """
UPDATE categories SET name = $2, slug = $3, icon = $4, description = $5, sort_order = $6, is_active = $7 WHERE id = $1
"""
_LOCK_CATEGORY = """
SELECT id, name, slug, icon, description, sort_order, is_active FROM categories WHERE id = $1 FOR NO KEY UPDATE
"""
_CATEGORIES = """
SELECT c.id, c.name, c.slug, c.icon, c.description, c.sort_order AS "sortOrder", c.is_active AS "isActive",
    (SELECT count(*) FROM products p WHERE p.category_id = c.id AND p.is_active) AS "productCount"
FROM categories c ORDER BY c.sort_order, c.name
"""


def _slices(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


async def insert_products(tx: Tx, products: Sequence[NewProduct]) -> None:
    for some in _slices(products):
        await tx.execute(_INSERT_PRODUCTS, some)


async def update_products(tx: Tx, products: Sequence[NewProduct]) -> None:
    """Write products that the caller holds."""
    for some in _slices(products):
        await tx.execute(_UPDATE_PRODUCTS, some, [product.id for product in some])


async def lock_products(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, NewProduct]:
    """Hold those of the products that exist, as staff wrote them."""
    held: dict[UUID, NewProduct] = {}
    for some in _slices(sorted(ids)):
        held |= {row["id"]: _product(row) for row in await tx.fetch(_LOCK_PRODUCTS, some)}
    return held


def _product(row: Row) -> NewProduct:
    values = {**dict(row), "effects": tuple(row["effects"]), "barred_tenders": tuple(row["barred_tenders"])}
    return NewProduct(**values)


async def lock_writing(tx: Tx) -> None:
    """Let no other transaction write products until this one ends. Taken first."""
    await tx.execute(_LOCK_WRITING)


async def find_named(tx: Tx, names: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], list[UUID]]:
    """Return the products of these categories by these names, which are in lower case."""
    found: dict[tuple[UUID, str], list[UUID]] = {}
    rows = await tx.fetch(_NAMED, [category for category, _ in names], [name for _, name in names])
    for row in rows:
        found.setdefault((row["category_id"], row["name"]), []).append(row["id"])
    return found


async def find_slugs(tx: Database | Tx) -> dict[str, UUID]:
    """Return all categories by their slugs."""
    return {row["slug"]: row["id"] for row in await tx.fetch(_SLUGS)}


async def list_products_after(db: Database, product_id: UUID, *, limit: int) -> list[NewProduct]:
    """Return the next products in the order of their ids."""
    return [_product(row) for row in await db.fetch(_PAGE, product_id, limit)]


async def list_staff_cards(
    db: Database, wanted: StaffFilter, *, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of products as staff sees them, the newest first, and how many there are."""
    filters = (_like(wanted.words), wanted.category_id, wanted.is_active)
    rows = await db.fetch(_LIST, *filters, limit, offset)
    total = await db.count(_COUNT, *filters, rows=len(rows), limit=limit, offset=offset)
    return [dict(row) for row in rows], total


def _like(words: str | None) -> str | None:
    if words is None:
        return None
    escaped = words.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def find_staff_page(db: Database | Tx, product_id: UUID) -> dict[str, Any] | None:
    """Return a product as staff sees it, with its images under "images"."""
    row = await db.fetchrow(_GET, product_id)
    return None if row is None else dict(row)


async def insert_categories(tx: Tx, categories: Sequence[NewCategory]) -> None:
    """Write new categories. Raises CategoryTaken."""
    try:
        async with tx.savepoint():
            await tx.execute(_INSERT_CATEGORIES, categories)
    except asyncpg.UniqueViolationError:
        raise CategoryTaken from None


async def update_category(tx: Tx, category: NewCategory) -> None:
    """Write a category that the caller holds. Raises CategoryTaken."""
    try:
        async with tx.savepoint():
            await tx.execute(
                _UPDATE_CATEGORY,
                category.id,
                category.name,
                category.slug,
                category.icon,
                category.description,
                category.sort_order,
                category.is_active,
            )
    except asyncpg.UniqueViolationError:
        raise CategoryTaken from None


async def lock_category(tx: Tx, category_id: UUID) -> NewCategory | None:
    row = await tx.fetchrow(_LOCK_CATEGORY, category_id)
    return None if row is None else NewCategory(**dict(row))


async def list_all_categories(db: Database | Tx) -> list[dict[str, Any]]:
    """Return all categories as staff sees them, those that are put away too."""
    return [dict(row) for row in await db.fetch(_CATEGORIES)]
