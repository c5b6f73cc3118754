"""HTTP of the pictures that go with messages."""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from faded_skies.domains.support import service
from faded_skies.domains.support.ports import Desk
from faded_skies.domains.support.schemas import UploadAnswer
from faded_skies.platform.documents.ports import MOST_DOCUMENT_BYTES, DocumentReader
from faded_skies.platform.errors import Refused, Situation
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db, ports_of, provided
from faded_skies.platform.http.uploads import (
    PRIVATE_PICTURE,
    documented_form,
    one_at_a_time,
    read_form,
)
from faded_skies.platform.ratelimit import Gate

MOST_UPLOADS = 30
"""How many pictures a person may send in an hour."""

router = APIRouter(prefix="/api/support/uploads", tags=["support"], dependencies=needs_token)

Wired = Annotated[Desk, provided(Desk)]


@router.post(
    "",
    status_code=201,
    response_model=UploadAnswer,
    openapi_extra=documented_form(
        files={"file": "A JPEG, a PNG or a PDF of up to 10 MB and two pages, judged by its content."},
        fields={},
        required=("file",),
        example={"file": "(a JPEG)"},
    ),
    responses={
        409: {"model": ErrorShape, "description": "INVALID_STATE: another upload is under way."},
        413: {
            "model": ErrorShape,
            "description": "FILE_TOO_LARGE: more than 10 MB or 50 million pixels (PNG: 25).",
        },
        415: {"model": ErrorShape, "description": "UNSUPPORTED_FILE_TYPE: not a JPEG, PNG or PDF."},
        422: {"model": ErrorShape, "description": "VALIDATION_ERROR or UNREADABLE_DOCUMENT."},
    },
)
async def upload(
    request: Request,
    actor: SignedIn,
    desk: Wired,
    reader: Annotated[DocumentReader, provided(DocumentReader)],
) -> Json:
    """Send a picture, to name its id in a message within a day. It is made anew and kept encrypted."""
    await Gate(
        ports_of(request).valkey,
        "support-uploads",
        limit=MOST_UPLOADS,
        window=3600,
        refusal="That is a lot of pictures within an hour. Wait a little, then go on.",
    ).enter(str(actor.id))
    with one_at_a_time(actor.id):
        form = await read_form(request, files={"file": MOST_DOCUMENT_BYTES}, fields={})
    if "file" not in form.files:
        raise Refused("file", "Add a picture.")
    scan = await reader.read(form.files["file"])
    sealed = await desk.pictures.put(scan.jpeg)
    try:
        async with desk.db.transaction() as tx:
            await service.keep_picture(tx, actor, sealed)
    except Situation:
        # Refused before COMMIT, so its key was never written. After anything else it may be, for the answer to COMMIT
        # can be what was lost; the sweep asks the rows.
        await desk.pictures.remove([sealed.id])
        raise
    told = {"id": sealed.id, "width": scan.width, "height": scan.height}
    return Json({"upload": told}, status_code=201)


@router.get(
    "/{upload_id}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The picture."}},
)
async def show(upload_id: Id, actor: SignedIn, db: Db, desk: Wired) -> Response:
    """One picture: for who sent it, and once a message has it for the ticket's customer and agents."""
    sealed = await service.get_picture_for(db, actor, upload_id)
    return Response(await desk.pictures.get(sealed), media_type="image/jpeg", headers=PRIVATE_PICTURE)
