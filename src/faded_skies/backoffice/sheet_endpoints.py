"""HTTP for staff: the catalogue as a file, out and in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from faded_skies.backoffice.catalog_schemas import ImportAnswer, present_bad_cell, why_not_for_sale
from faded_skies.backoffice.sheet_rows import read_sheet, write_row
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.errors import ImportRefused
from faded_skies.domains.catalog.service import BadCell, SheetPlan, UnreadableSheetError
from faded_skies.domains.compliance.service import Law, RuleBook
from faded_skies.domains.inventory import service as inventory
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.http.uploads import documented_form, one_at_a_time, read_form

MOST_SHEET_BYTES = 5 * 1024 * 1024
CSV = "text/csv; charset=utf-8"
MOST_PROBLEMS = 1_000
"""So many are told of one file."""

_LINES_AT_ONCE = 200

TheLaw = Annotated[Law, provided(Law)]

router = APIRouter(
    prefix="/api/admin/products", tags=["staff"], dependencies=needs_token, responses=needs_role
)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"description": "One product a row.", "content": {CSV: {}}}},
)
async def export_products(_: SignedIn, db: Db) -> StreamingResponse:
    """All products as CSV, those put away too; the import takes it back as it is."""
    return StreamingResponse(
        _lines(db),
        media_type=CSV,
        headers={"Content-Disposition": 'attachment; filename="products.csv"'},
    )


@router.post(
    "/import",
    response_model=ImportAnswer,
    openapi_extra=documented_form(
        files={"file": "CSV in UTF-8 with the columns of the export, up to 5 MB and 5,000 products."},
        fields={},
        required=("file",),
        example={"file": "(a file of an export)"},
    ),
    responses={
        413: {"model": ErrorShape, "description": "FILE_TOO_LARGE: more than 5 MB."},
        422: {
            "model": ErrorShape,
            "description": "IMPORT_REFUSED: `problems` name the bad cells, the first 1,000.",
        },
    },
)
async def import_products(
    request: Request,
    actor: SignedIn,
    db: Db,
    law: TheLaw,
    dry_run: Annotated[
        bool, Query(alias="dryRun", description="Only say what the file would do, and what is wrong in it.")
    ] = False,
) -> Json:
    """Add and change products by a file: all of it, or nothing. The same file twice changes nothing.

    A row names a product by `id`, or without one by its name within its category; columns left out stay as they are.
    """
    with one_at_a_time(actor.id):
        form = await read_form(request, files={"file": MOST_SHEET_BYTES}, fields={})
        if "file" not in form.files:
            raise Refused("file", "Add a file.")
        try:
            text = form.files["file"].decode("utf-8-sig")
            rows, problems = await asyncio.to_thread(read_sheet, text)
        except UnicodeDecodeError:
            raise _refusal(
                [BadCell(1, None, "The file is not in UTF-8. Save it as CSV UTF-8 and send that.")]
            ) from None
        except UnreadableSheetError as error:
            raise _refusal([BadCell(error.row, None, str(error))]) from None
        async with db.transaction() as tx:
            plan = await catalog.plan_sheet(tx, rows)
            problems = await asyncio.to_thread(_in_order, problems, plan, law.at(clock.now()))
            if problems and not dry_run:
                raise _refusal(problems)
            if not problems and not dry_run:
                await catalog.carry_out(tx, plan, actor_id=actor.id)
                await inventory.open_stock(tx, {product.id: 0 for product in plan.created})
    return Json(
        {
            "dryRun": dry_run,
            "created": len(plan.created),
            "changed": len(plan.changed),
            "unchanged": plan.unchanged,
            **_told(problems),
        }
    )


def _in_order(unread: list[BadCell], plan: SheetPlan, book: RuleBook) -> list[BadCell]:
    not_for_sale = [
        BadCell(row, field, sentence)
        for row, product in plan.drafts
        for field, sentence in why_not_for_sale(book, product)
    ]
    return sorted([*unread, *plan.problems, *not_for_sale], key=lambda one: (one.row, one.column or ""))


def _told(problems: list[BadCell]) -> dict[str, object]:
    return {
        "problems": [present_bad_cell(one) for one in problems[:MOST_PROBLEMS]],
        "problemsTotal": len(problems),
    }


def _refusal(problems: list[BadCell]) -> ImportRefused:
    first = problems[0]
    where = f"row {first.row}" + ("" if first.column is None else f", column {first.column}")
    more = f" There are {len(problems) - 1} more such places." if len(problems) > 1 else ""
    return ImportRefused(
        f"Nothing of the file was taken. At {where}: {first.message}{more}",
        **_told(problems),
    )


async def _lines(db: Database) -> AsyncIterator[bytes]:
    lines = [catalog.write_line(catalog.COLUMNS)]
    async for slug, product in catalog.stream_products(db):
        lines.append(write_row(slug, product))
        if len(lines) == _LINES_AT_ONCE:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()
