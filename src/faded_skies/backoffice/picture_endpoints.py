"""HTTP for staff: pictures of products."""

from typing import Annotated, Any

from fastapi import APIRouter, Request

from faded_skies.backoffice.catalog_schemas import ArrangePictures, ChangePicture, PicturesAnswer
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.ports import MediaStore, PictureMaker
from faded_skies.platform.db import Tx
from faded_skies.platform.documents.ports import MOST_DOCUMENT_BYTES
from faded_skies.platform.errors import Refused, Situation
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.http.uploads import documented_form, one_at_a_time, read_form

_MOST_ALT = 255

router = APIRouter(
    prefix="/api/admin/products/{product_id}/images",
    tags=["staff"],
    dependencies=needs_token,
    responses=needs_role,
)

Maker = Annotated[PictureMaker, provided(PictureMaker)]
Media = Annotated[MediaStore, provided(MediaStore)]


@router.post(
    "",
    status_code=201,
    response_model=PicturesAnswer,
    openapi_extra=documented_form(
        files={"file": "A JPEG or a PNG of up to 10 MB, judged by its content."},
        fields={"altText": "What it shows, for who does not see it: up to 255 characters."},
        required=("file", "altText"),
        example={"file": "(a JPEG)", "altText": "A jar of green buds"},
    ),
    responses={
        409: {"model": ErrorShape, "description": "TOO_MANY_IMAGES, or another upload is under way."},
        413: {
            "model": ErrorShape,
            "description": "FILE_TOO_LARGE: more than 10 MB or 50 million pixels (PNG: 25).",
        },
        415: {"model": ErrorShape, "description": "UNSUPPORTED_FILE_TYPE: not a JPEG or PNG."},
        422: {"model": ErrorShape, "description": "VALIDATION_ERROR or UNREADABLE_DOCUMENT."},
    },
)
async def add_picture(
    product_id: Id, request: Request, actor: SignedIn, db: Db, maker: Maker, media: Media
) -> Json:
    """Add a picture: made anew as WebP, up to 320, 800 and 1600 pixels wide. The first one is the primary one."""
    await catalog.get_for_staff(db, product_id)
    with one_at_a_time(actor.id):
        form = await read_form(request, files={"file": MOST_DOCUMENT_BYTES}, fields={"altText": _MOST_ALT})
    alt_text = form.fields.get("altText", "").strip()
    if not alt_text:
        raise Refused("altText", "Say what the picture shows, for who does not see it.")
    if "file" not in form.files:
        raise Refused("file", "Add a picture.")
    made = await maker.make(form.files["file"])
    image_id, sizes = await catalog.store_picture(media, made)
    try:
        async with db.transaction() as tx:
            await catalog.add_picture(tx, product_id, image_id, sizes, alt_text=alt_text, actor_id=actor.id)
            told = await _images(tx, product_id)
    except Situation:
        # Refused before COMMIT, so no row names the files. After anything else one may, for the answer to COMMIT can
        # be what was lost; the sweep asks the rows.
        await media.delete(catalog.keys_of(image_id, [size.width for size in sizes]))
        raise
    return Json(told, status_code=201)


@router.put("/order", response_model=PicturesAnswer)
async def arrange_pictures(product_id: Id, body: ArrangePictures, actor: SignedIn, db: Db) -> Json:
    """Put the pictures into an order; name them all."""
    async with db.transaction() as tx:
        await catalog.arrange_pictures(tx, product_id, body.image_ids, actor_id=actor.id)
        return Json(await _images(tx, product_id))


@router.patch("/{image_id}", response_model=PicturesAnswer)
async def change_picture(product_id: Id, image_id: Id, body: ChangePicture, actor: SignedIn, db: Db) -> Json:
    """Say anew what a picture shows, or make it the primary one."""
    async with db.transaction() as tx:
        await catalog.change_picture(
            tx, product_id, image_id, alt_text=body.alt_text, primary=body.is_primary, actor_id=actor.id
        )
        return Json(await _images(tx, product_id))


@router.delete("/{image_id}", response_model=PicturesAnswer)
async def delete_picture(product_id: Id, image_id: Id, actor: SignedIn, db: Db) -> Json:
    """Take a picture off a product; its files are deleted a moment later."""
    async with db.transaction() as tx:
        await catalog.delete_picture(tx, product_id, image_id, actor_id=actor.id)
        return Json(await _images(tx, product_id))


async def _images(tx: Tx, product_id: Id) -> dict[str, Any]:
    return {"images": (await catalog.get_for_staff(tx, product_id))["images"]}
