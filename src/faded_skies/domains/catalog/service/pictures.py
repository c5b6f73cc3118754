"""Pictures of products: files come before their row and go after it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from faded_skies.domains.catalog.errors import ImageNotFound, ProductNotFound, TooManyImages
from faded_skies.domains.catalog.events import ImageDeleted
from faded_skies.domains.catalog.models import NewImage, Size
from faded_skies.domains.catalog.ports import MediaStore, Picture
from faded_skies.domains.catalog.queries import keeping, pictures
from faded_skies.domains.catalog.rules.entries import MOST_IMAGES
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Refused
from faded_skies.platform.ids import new_id

FOLDER = "pictures"
_SHOWN_WIDTH = 800
_UPLOAD_TAKES = timedelta(hours=1)

log = structlog.get_logger()


def keys_of(image_id: UUID, widths: Sequence[int]) -> list[str]:
    """Return the names of a picture's files: an id and a width, so another picture has other names."""
    return [f"{FOLDER}/{image_id}-{width}.webp" for width in widths]


async def store_picture(store: MediaStore, made: Sequence[Picture]) -> tuple[UUID, list[Size]]:
    """Put the files of a new picture. Raises MediaStoreDown, and what was put so far is swept away later."""
    image_id = new_id()
    sizes = []
    for picture, key in zip(made, keys_of(image_id, [one.width for one in made]), strict=True):
        await store.put(key, picture.body, content_type="image/webp")
        sizes.append(Size(width=picture.width, height=picture.height, url=store.url_of(key)))
    return image_id, sizes


async def add_images(tx: Tx, new: Sequence[NewImage]) -> None:
    """Add images; a product has at most one that is primary."""
    await pictures.insert_images(tx, new)


async def add_picture(
    tx: Tx, product_id: UUID, image_id: UUID, sizes: Sequence[Size], *, alt_text: str, actor_id: UUID
) -> None:
    """Give a product a picture whose files are there; the first is the primary one.

    Raises ProductNotFound, TooManyImages.
    """
    there = await _lock(tx, product_id)
    if len(there) >= MOST_IMAGES:
        raise TooManyImages
    shown = min(sizes, key=lambda size: abs(size.width - _SHOWN_WIDTH))
    image = NewImage(
        id=image_id,
        product_id=product_id,
        image_url=shown.url,
        alt_text=alt_text,
        sort_order=len(there) + 1,
        sizes=sizes,
    )
    await pictures.insert_images(tx, [image])
    await pictures.arrange(tx, product_id, [*there, image_id])
    await pictures.ensure_primary(tx, product_id)
    await pictures.touch_product(tx, product_id)
    _note(tx, "added", product_id, image_id, actor_id)


async def change_picture(
    tx: Tx, product_id: UUID, image_id: UUID, *, alt_text: str | None, primary: bool, actor_id: UUID
) -> None:
    """Say anew what a picture shows, or make it the primary one. Raises ProductNotFound, ImageNotFound."""
    if image_id not in await _lock(tx, product_id):
        raise ImageNotFound
    if alt_text is not None:
        await pictures.describe(tx, product_id, image_id, alt_text)
    if primary:
        await pictures.make_primary(tx, product_id, image_id)
    await pictures.touch_product(tx, product_id)
    _note(tx, "changed", product_id, image_id, actor_id)


async def arrange_pictures(tx: Tx, product_id: UUID, image_ids: Sequence[UUID], *, actor_id: UUID) -> None:
    """Put a product's pictures into this order. Raises ProductNotFound, Refused unless each is named once."""
    there = await _lock(tx, product_id)
    if sorted(there) != sorted(image_ids):
        raise Refused("imageIds", "Name each picture of this product once, in the order you wish.")
    await pictures.arrange(tx, product_id, image_ids)
    await pictures.touch_product(tx, product_id)
    _note(tx, "arranged", product_id, None, actor_id)


async def delete_picture(tx: Tx, product_id: UUID, image_id: UUID, *, actor_id: UUID) -> None:
    """Take a picture off a product; its files are deleted by a job. Raises ProductNotFound, ImageNotFound."""
    await _lock(tx, product_id)
    widths = await pictures.delete_image(tx, product_id, image_id)
    if widths is None:
        raise ImageNotFound
    await pictures.ensure_primary(tx, product_id)
    await pictures.touch_product(tx, product_id)
    _note(tx, "deleted", product_id, image_id, actor_id)
    if widths:
        tx.emit(ImageDeleted(image_id=image_id, widths=widths))


async def sweep_pictures(db: Database, store: MediaStore, *, now: datetime) -> int:
    """Delete files that no row names: of uploads that were cut off. Returns how many."""
    swept = 0
    async for keys in store.list_older(now - _UPLOAD_TAKES):
        ours = {key: image_id for key in keys if (image_id := _id_in(key)) is not None}
        known = await pictures.find_known(db, list(ours.values()))
        lost = [key for key, image_id in ours.items() if image_id not in known]
        await store.delete(lost)
        swept += len(lost)
    if swept:
        log.info("pictures_swept", count=swept)
    return swept


def _id_in(key: str) -> UUID | None:
    try:
        return UUID(key.removeprefix(f"{FOLDER}/")[:36])
    except ValueError:
        return None


async def _lock(tx: Tx, product_id: UUID) -> list[UUID]:
    """Hold the product, and return its pictures in their order. Raises ProductNotFound."""
    if not await keeping.lock_products(tx, [product_id]):
        raise ProductNotFound
    return await pictures.list_images(tx, product_id)


def _note(tx: Tx, what: str, product_id: UUID, image_id: UUID | None, actor_id: UUID) -> None:
    tx.audit(
        f"product.picture_{what}",
        object_type="product",
        object_id=product_id,
        actor_id=actor_id,
        image_id=None if image_id is None else str(image_id),
    )
