"""Pictures of products: made anew in three sizes, read by everybody for ever, ordered, and gone with their files."""

import asyncio
import io
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from PIL import Image

from factories.catalog import make_product
from factories.identity import SignedInPerson, signed_in
from factories.papers import RED_PAGE, corners, front, pdf_of, png_that_says, saved
from faded_skies.bootstrap import Application
from faded_skies.domains.catalog import service
from faded_skies.domains.catalog.errors import MediaStoreDown, TooManyImages
from faded_skies.domains.catalog.ports import MediaStore
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings

FRONT = saved(front())


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


@pytest.fixture
async def product_id(db: Database) -> UUID:
    return await make_product(db)


@pytest.fixture
def stored(settings: Settings) -> Callable[[], list[Path]]:
    return lambda: sorted((settings.data / "media" / "pictures").rglob("*.webp"))


Stored = Callable[[], list[Path]]


async def add(
    client: httpx.AsyncClient,
    admin: SignedInPerson,
    product_id: UUID,
    body: bytes = FRONT,
    alt: str = "A jar",
) -> httpx.Response:
    return await client.post(
        f"/api/admin/products/{product_id}/images",
        files={"file": ("../../jar.jpg", body, "image/jpeg")},
        data={"altText": alt},
        headers=admin.headers,
    )


async def test_a_picture_is_made_anew_and_may_be_kept_for_ever(
    client: httpx.AsyncClient, admin: SignedInPerson, product_id: UUID, stored: Stored
) -> None:
    exif = Image.Exif()
    exif[0x9286] = "SECRET PLACE"
    body = saved(front((2400, 1500)), exif=exif.tobytes()) + b"PK\x03\x04 a ZIP behind it"
    answer = await add(client, admin, product_id, body)
    assert answer.status_code == 201, answer.text
    (image,) = answer.json()["images"]
    assert [(size["width"], size["height"]) for size in image["sizes"]] == [
        (320, 200),
        (800, 500),
        (1600, 1000),
    ]
    assert image["imageUrl"] == image["sizes"][1]["url"] == f"/media/pictures/{image['id']}-800.webp"
    assert (image["altText"], image["isPrimary"], image["sortOrder"]) == ("A jar", True, 1)
    for size in image["sizes"]:
        shown = await client.get(size["url"])
        assert shown.headers["content-type"] == "image/webp"
        assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert shown.headers["cross-origin-resource-policy"] == "cross-origin"
        assert b"SECRET PLACE" not in shown.content
        assert b"a ZIP" not in shown.content
        picture = Image.open(io.BytesIO(shown.content))
        assert (picture.format, picture.size) == ("WEBP", (size["width"], size["height"]))
        assert corners(picture.convert("RGB")) == corners(front((2400, 1500)))
    assert len(stored()) == 3
    page = (await client.get(f"/api/products/{product_id}")).json()
    assert page["images"] == [image]
    assert page["product"]["primaryImage"] == image["imageUrl"]
    absent = await client.get("/media/pictures/none-320.webp")
    assert (absent.status_code, "immutable" in absent.headers.get("cache-control", "")) == (404, False)


async def test_a_small_picture_is_not_enlarged(
    client: httpx.AsyncClient, admin: SignedInPerson, product_id: UUID
) -> None:
    (image,) = (await add(client, admin, product_id, saved(front((200, 160))))).json()["images"]
    assert [size["width"] for size in image["sizes"]] == [200]


HOSTILE: list[tuple[bytes, int, str]] = [
    (b"GIF89a" + b"x" * 500, 415, "UNSUPPORTED_FILE_TYPE"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415, "UNSUPPORTED_FILE_TYPE"),
    (pdf_of([RED_PAGE]), 415, "UNSUPPORTED_FILE_TYPE"),
    (b"\xff\xd8\xff" + b"nonsense" * 100, 422, "UNREADABLE_DOCUMENT"),
    (FRONT[: len(FRONT) // 3], 422, "UNREADABLE_DOCUMENT"),
    (png_that_says(60_000, 60_000), 413, "FILE_TOO_LARGE"),
    (saved(front((600, 100))), 422, "UNREADABLE_DOCUMENT"),
    (saved(front((90, 90))), 422, "UNREADABLE_DOCUMENT"),
    (FRONT.ljust(10 * 1024 * 1024 + 1, b"\x00"), 413, "FILE_TOO_LARGE"),
    (b"", 422, "VALIDATION_ERROR"),
]


async def test_hostile_files_leave_nothing(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson, product_id: UUID, stored: Stored
) -> None:
    for body, status, code in HOSTILE:
        refused = await add(client, admin, product_id, body)
        assert (refused.status_code, refused.json()["code"]) == (status, code), (body[:20], refused.text)
    blank = await add(client, admin, product_id, alt="   ")
    assert blank.json()["details"][0]["field"] == "altText"
    assert stored() == []
    assert await db.fetchval("SELECT count(*) FROM product_images") == 0


async def test_pictures_are_described_ordered_and_deleted_with_their_files(
    client: httpx.AsyncClient,
    admin: SignedInPerson,
    product_id: UUID,
    stored: Stored,
    drain: Callable[[], Awaitable[None]],
) -> None:
    path = f"/api/admin/products/{product_id}/images"
    for alt in ("first", "second"):
        images = (await add(client, admin, product_id, saved(front((300, 200))), alt)).json()["images"]
    one, two = (image["id"] for image in images)
    turned = await client.put(f"{path}/order", json={"imageIds": [two, one]}, headers=admin.headers)
    assert [(image["altText"], image["isPrimary"]) for image in turned.json()["images"]] == [
        ("second", False),
        ("first", True),
    ]
    for ids in ([two], [two, two], [two, one, one]):
        refused = await client.put(f"{path}/order", json={"imageIds": ids}, headers=admin.headers)
        assert refused.json()["details"][0]["field"] == "imageIds"
    changed = await client.patch(
        f"{path}/{two}", json={"altText": "The lid", "isPrimary": True}, headers=admin.headers
    )
    assert [(image["altText"], image["isPrimary"]) for image in changed.json()["images"]] == [
        ("The lid", True),
        ("first", False),
    ]
    left = await client.delete(f"{path}/{two}", headers=admin.headers)
    assert [(image["id"], image["isPrimary"]) for image in left.json()["images"]] == [(one, True)]
    assert (await client.delete(f"{path}/{two}", headers=admin.headers)).status_code == 404
    await drain()
    assert [file.name for file in stored()] == [f"{one}-300.webp"]


async def test_ten_pictures_are_the_most_also_at_once(
    app: Application, db: Database, admin: SignedInPerson, product_id: UUID
) -> None:
    async def put() -> bool:
        size = service.Size(width=9, height=9, url="/9.webp")
        try:
            async with db.transaction() as tx:
                image_id = UUID(bytes=os.urandom(16))
                await service.add_picture(tx, product_id, image_id, [size], alt_text="x", actor_id=admin.id)
        except TooManyImages:
            return False
        return True

    assert sum(await asyncio.gather(*(put() for _ in range(12)))) == 10
    places = await db.fetch("SELECT sort_order, is_primary FROM product_images ORDER BY sort_order")
    assert [row["sort_order"] for row in places] == [*range(1, 11)]
    assert sum(row["is_primary"] for row in places) == 1


async def test_what_no_row_names_is_swept_away(
    app: Application, client: httpx.AsyncClient, admin: SignedInPerson, product_id: UUID, stored: Stored
) -> None:
    await add(client, admin, product_id, saved(front((300, 200))))
    (kept,) = stored()
    store: MediaStore = app.ports.get(MediaStore)
    (lost,) = service.keys_of(UUID("0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"), [320])
    await store.put(lost, b"x", content_type="image/webp")
    assert await service.sweep_pictures(app.ports.db, store, now=clock.now()) == 0
    assert await service.sweep_pictures(app.ports.db, store, now=clock.now() + timedelta(hours=2)) == 1
    assert stored() == [kept]


async def test_a_store_that_is_down_keeps_no_row(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    admin: SignedInPerson,
    product_id: UUID,
    settings: Settings,
) -> None:
    folder = settings.data / "media" / "pictures"
    folder.write_bytes(b"a file in the folder's place")
    refused = await add(client, admin, product_id)
    assert refused.status_code == 503, refused.text
    assert await db.fetchval("SELECT count(*) FROM product_images") == 0
    with pytest.raises(MediaStoreDown):
        await app.ports.get(MediaStore).put("pictures/a-1.webp", b"x", content_type="image/webp")
