"""SQL of products' pictures. Whoever changes the pictures of a product holds its row."""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.catalog.models import NewImage
from faded_skies.platform.db import Database, Tx

_INSERT = """
INSERT INTO product_images (id, product_id, image_url, alt_text, sort_order, is_primary, sizes)
SELECT id, product_id, image_url, alt_text, sort_order, is_primary, sizes
FROM jsonb_to_recordset($1::jsonb) AS n (
    id uuid, product_id uuid, image_url text, alt_text text, sort_order int, is_primary boolean, sizes jsonb
)
"""
_LIST = "SELECT id FROM product_images WHERE product_id = $1 ORDER BY sort_order, id"
_NO_PRIMARY = "UPDATE product_images SET is_primary = false WHERE product_id = $1 AND is_primary"
_PRIMARY = "UPDATE product_images SET is_primary = true WHERE product_id = $1 AND id = $2"
_FIRST_IS_PRIMARY = """
UPDATE product_images SET is_primary = true
WHERE id = (SELECT id FROM product_images WHERE product_id = $1 ORDER BY sort_order, id LIMIT 1)
  AND NOT EXISTS (SELECT FROM product_images WHERE product_id = $1 AND is_primary)
"""
_DESCRIBE = "UPDATE product_images SET alt_text = $3 WHERE product_id = $1 AND id = $2"
_ARRANGE = """
UPDATE product_images g SET sort_order = n.place
FROM unnest($2::uuid[]) WITH ORDINALITY AS n (id, place) WHERE g.id = n.id AND g.product_id = $1
"""
_DELETE = "DELETE FROM product_images WHERE product_id = $1 AND id = $2 RETURNING sizes"
_KNOWN = "SELECT id FROM product_images WHERE id = ANY($1::uuid[])"
_TOUCH = "UPDATE products SET updated_at = now() WHERE id = $1"


async def insert_images(tx: Tx, images: Sequence[NewImage]) -> None:
    await tx.execute(_INSERT, images)


async def list_images(tx: Tx, product_id: UUID) -> list[UUID]:
    """Return the product's pictures in their order."""
    return [row["id"] for row in await tx.fetch(_LIST, product_id)]


async def make_primary(tx: Tx, product_id: UUID, image_id: UUID) -> None:
    await tx.execute(_NO_PRIMARY, product_id)
    await tx.execute(_PRIMARY, product_id, image_id)


async def ensure_primary(tx: Tx, product_id: UUID) -> None:
    """Make the first picture the primary one when none is."""
    await tx.execute(_FIRST_IS_PRIMARY, product_id)


async def describe(tx: Tx, product_id: UUID, image_id: UUID, alt_text: str) -> bool:
    """Write what a picture shows; False when the product has no such picture."""
    return bool(await tx.execute(_DESCRIBE, product_id, image_id, alt_text))


async def arrange(tx: Tx, product_id: UUID, image_ids: Sequence[UUID]) -> None:
    await tx.execute(_ARRANGE, product_id, list(image_ids))


async def delete_image(tx: Tx, product_id: UUID, image_id: UUID) -> list[int] | None:
    """Delete a picture's row and return the widths of its files; None when the product has no such picture."""
    row = await tx.fetchrow(_DELETE, product_id, image_id)
    return None if row is None else [size["width"] for size in row["sizes"]]


async def find_known(db: Database, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these pictures have a row."""
    return {row["id"] for row in await db.fetch(_KNOWN, list(ids))}


async def touch_product(tx: Tx, product_id: UUID) -> None:
    """Note that a product looks different now."""
    await tx.execute(_TOUCH, product_id)
