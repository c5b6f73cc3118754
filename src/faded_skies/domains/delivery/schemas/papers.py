"""Papers on the wire: JSON, HTML or PDF, as the client accepts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Response

from faded_skies.domains.compliance.service import RuleBook
from faded_skies.domains.delivery.models.trips import Manifest
from faded_skies.domains.delivery.ports import PaperPrinter
from faded_skies.domains.delivery.rules import Sheet, html_of, manifest_sheet, receipt_sheet
from faded_skies.domains.delivery.service import title_of
from faded_skies.platform.http.accepting import choose
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.fields import ErrorShape, Shape

JSON, HTML, PDF = "application/json", "text/html", "application/pdf"

PAPER: dict[int | str, dict[str, Any]] = {
    200: {"content": {HTML: {}, PDF: {}}, "description": "The paper in the format that was asked for."},
    406: {"model": ErrorShape, "description": "NOT_ACCEPTABLE"},
}
"""What the document says of a paper's answers."""


class ManifestShape(Shape):
    """`content` has the fields that the law's paths name; `digest` is bound to the version before."""

    trip_id: UUID
    number: int
    version: int
    title: str
    content: dict[str, object]
    digest: str
    made_at: datetime


class ManifestAnswer(Shape):
    manifest: ManifestShape


class ReceiptShape(Shape):
    """`content` has the fields that the law's paths name; `missing` those paths that lead to nothing yet."""

    title: str
    content: dict[str, object]
    missing: list[str]


class ReceiptAnswer(Shape):
    receipt: ReceiptShape


async def answer_manifest(
    manifest: Manifest, book: RuleBook, printer: PaperPrinter, *, accept: str | None
) -> Response:
    """Return the manifest in the format that the client prefers. Raises NotAcceptable, Unavailable."""
    title = title_of(book)
    told = {
        "tripId": manifest.trip_id,
        "number": manifest.number,
        "version": manifest.version,
        "title": title,
        "content": manifest.content,
        "digest": manifest.digest,
        "madeAt": manifest.made_at,
    }
    sheet = manifest_sheet(manifest.content, title=title, timezone=book.timezone)
    name = f"manifest-{manifest.number}-{manifest.version}"
    return await _answer({"manifest": told}, sheet, printer, name=name, accept=accept)


async def answer_receipt(
    content: Mapping[str, Any],
    missing: Sequence[str],
    title: str,
    timezone: ZoneInfo,
    printer: PaperPrinter,
    *,
    accept: str | None,
) -> Response:
    """Return the receipt in the format that the client prefers. Raises NotAcceptable, Unavailable."""
    told = {"receipt": {"title": title, "content": content, "missing": missing}}
    sheet = receipt_sheet(content, title=title, timezone=timezone)
    name = f"receipt-{content['order']['number']}"
    return await _answer(told, sheet, printer, name=name, accept=accept)


async def _answer(
    told: object, sheet: Sheet, printer: PaperPrinter, *, name: str, accept: str | None
) -> Response:
    kind = choose(accept, (JSON, PDF, HTML))
    headers = {"Vary": "Accept"}
    if kind == JSON:
        return Json(told, headers=headers)
    if kind == HTML:
        return Response(html_of(sheet), media_type=HTML, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return Response(await printer.pdf(sheet), media_type=PDF, headers=headers)
