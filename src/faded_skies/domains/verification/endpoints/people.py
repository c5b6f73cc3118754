"""HTTP of one's own identity papers."""

from datetime import date
from typing import Annotated, get_args

from fastapi import APIRouter, Request

from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.verification import service
from faded_skies.domains.verification.models import DocumentType, Side, Verification
from faded_skies.domains.verification.ports import (
    Consent,
    IdVerifier,
    VendorVerifier,
)
from faded_skies.domains.verification.schemas import (
    LatestVerificationAnswer,
    VerificationAnswer,
    present,
)
from faded_skies.domains.verification.service import Vault
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database
from faded_skies.platform.documents.ports import MOST_DOCUMENT_BYTES, DocumentReader
from faded_skies.platform.errors import Refused, Situation
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.limits import client_address
from faded_skies.platform.http.provide import Db, ports_of, provided
from faded_skies.platform.http.uploads import Form, documented_form, one_at_a_time, read_form
from faded_skies.platform.ids import new_id
from faded_skies.platform.ratelimit import Gate

router = APIRouter(prefix="/api/users/id-verification", tags=["identity papers"], dependencies=needs_token)

_UPLOADS_AN_HOUR = 10
_FORM = documented_form(
    files={
        "idDocument": "The front: a JPEG, a PNG or a PDF of up to 10 MB, judged by its content.",
        "idDocumentBack": "The back, with the barcode of a driver's licence.",
    },
    fields={
        "documentType": "drivers_license, state_id or passport.",
        "consent": "true: the person agreed to the vendor's check. Asked for where a vendor looks.",
        "state": "The state the person is in, two letters. Asked for where a vendor looks.",
    },
    required=("documentType",),
    example={"documentType": "drivers_license", "idDocument": "(a JPEG)", "idDocumentBack": "(a JPEG)"},
)


@router.get("", response_model=LatestVerificationAnswer)
async def get_latest(actor: SignedIn, db: Db) -> Json:
    """How your latest papers stand."""
    latest = await service.find_latest(db, actor.id)
    return Json({"verification": present(latest) if latest else None})


@router.post(
    "",
    status_code=202,
    response_model=VerificationAnswer,
    openapi_extra=_FORM,
    responses={
        409: {"model": ErrorShape, "description": "INVALID_STATE: being looked at, or verified already."},
        413: {
            "model": ErrorShape,
            "description": "FILE_TOO_LARGE: more than 10 MB or 50 million pixels (PNG: 25).",
        },
        415: {"model": ErrorShape, "description": "UNSUPPORTED_FILE_TYPE: not a JPEG, PNG or PDF."},
        422: {"model": ErrorShape, "description": "VALIDATION_ERROR or UNREADABLE_DOCUMENT."},
    },
)
async def hand_in(
    request: Request,
    actor: SignedIn,
    db: Db,
    verifier: Annotated[IdVerifier, provided(IdVerifier)],
    vendor: Annotated[VendorVerifier | None, provided(VendorVerifier)],
    adulthood: Annotated[Adulthood, provided(Adulthood)],
) -> Json:
    """Hand in photos of an ID. They are looked at afterwards; the answer comes by mail and push.

    Pictures are kept encrypted, seen by staff only, and deleted once it is decided.
    """
    ports = ports_of(request)
    # Asked before the upload is read, and again with the row.
    today = adulthood.day(clock.now())
    open_case = await service.check_wanted(db, actor.id, today=today)
    await Gate(
        ports.valkey,
        "id-verification",
        limit=_UPLOADS_AN_HOUR,
        window=3600,
        refusal="That is a lot of uploads within an hour. Wait a little, then try again with a clear photo.",
    ).enter(str(actor.id))
    with one_at_a_time(actor.id):
        form = await read_form(
            request,
            files={"idDocument": MOST_DOCUMENT_BYTES, "idDocumentBack": MOST_DOCUMENT_BYTES},
            fields={"documentType": 50, "consent": 5, "state": 2},
        )
    document_type = _document_type(form)
    if vendor is not None:
        consent = _consent(form, client_address(request.scope))
        opened = await _open_at(vendor, db, actor, document_type, consent, open_case, today=today)
        return Json({"verification": present(opened)}, status_code=202)
    reader, vault = ports.get(DocumentReader), ports.get(Vault)
    verification = await _keep(
        db, actor, document_type, form, reader, vault, method=verifier.method, today=today
    )
    return Json({"verification": present(verification)}, status_code=202)


async def _keep(
    db: Database,
    actor: Actor,
    document_type: DocumentType,
    form: Form,
    reader: DocumentReader,
    vault: Vault,
    *,
    method: str,
    today: date,
) -> Verification:
    """Make harmless pictures of the uploads, seal them into the store, then write their rows."""
    if "idDocument" not in form.files:
        raise Refused("idDocument", "Add a photo of the front of your document.")
    uploads = {Side.FRONT: form.files["idDocument"]}
    if "idDocumentBack" in form.files:
        uploads[Side.BACK] = form.files["idDocumentBack"]
    pictures = {side: (await reader.read(body)).jpeg for side, body in uploads.items()}
    verification_id = new_id()
    papers = await vault.put(verification_id, pictures)
    try:
        async with db.transaction() as tx:
            return await service.hand_in(
                tx,
                actor,
                verification_id,
                document_type=document_type,
                method=method,
                pictures=papers,
                today=today,
            )
    except Situation:
        # Refused before COMMIT, so their keys were never written. After anything else they may be, for the answer to
        # COMMIT can be what was lost; the sweep asks the rows.
        await vault.remove(papers)
        raise


async def _open_at(
    vendor: VendorVerifier,
    db: Database,
    actor: Actor,
    document_type: DocumentType,
    consent: Consent,
    open_case: Verification | None,
    *,
    today: date,
) -> Verification:
    """Open a case at the vendor, or go on with the one whose answer was lost or that is still open."""
    if open_case is not None and open_case.reference is not None:
        return open_case
    if open_case is None:
        async with db.transaction() as tx:
            open_case = await service.open_at_vendor(
                tx,
                actor,
                new_id(),
                document_type=document_type,
                method=vendor.method,
                consent=consent,
                today=today,
                now=clock.now(),
            )
    reference = await vendor.open(open_case.id, actor.id, consent)
    async with db.transaction() as tx:
        return await service.save_reference(tx, open_case.id, reference)


def _document_type(form: Form) -> DocumentType:
    for known in get_args(DocumentType):
        if form.fields.get("documentType") == known:
            document_type: DocumentType = known
            return document_type
    raise Refused("documentType", f"Choose one of {', '.join(get_args(DocumentType))}.")


def _consent(form: Form, address: str) -> Consent:
    if form.fields.get("consent") != "true":
        raise Refused("consent", "The check is done by another company. Agree to it with consent=true.")
    state = form.fields.get("state", "").upper()
    if len(state) != 2 or not state.isascii() or not state.isalpha():  # noqa: PLR2004 - two letters
        raise Refused("state", "Write the state you are in as two letters, such as TX.")
    return Consent(given_at=clock.now(), address=address, state=state)
