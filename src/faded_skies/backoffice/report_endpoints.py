"""HTTP for the bookkeeper: the day's close, taxes and the journal, as JSON or as CSV by `Accept`."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from starlette.responses import StreamingResponse

from faded_skies.backoffice.report_schemas import (
    DayCloseAnswer,
    JournalAnswer,
    TaxReportAnswer,
    present_close,
    present_driver,
    present_tax_day,
    present_tax_step,
)
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.platform import clock
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import BookedDay
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page
from faded_skies.reports import books, closing
from faded_skies.reports.closing import DayClose, dollars
from faded_skies.reports.days import Span, span
from faded_skies.reports.tables import as_csv

router = APIRouter(
    prefix="/api/admin/reports", tags=["reports"], dependencies=needs_token, responses=needs_role
)

_CSV = "text/csv"


Start = Annotated[BookedDay, Query(alias="startDate", description="The first local day.")]
End = Annotated[BookedDay, Query(alias="endDate", description="The last local day.")]
Wanted = Annotated[str, Header(alias="Accept", include_in_schema=False)]
Rules = Annotated[Law, provided(Law)]

AS_CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "JSON, or CSV to who asks for text/csv.", "content": {_CSV: {}}}
}


def wants_csv(accept: str) -> bool:
    return _CSV in accept.lower()


def _file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}


def as_table(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    return Response(as_csv([header, *rows]), headers=_file(name), media_type=_CSV)


@router.get("/day-close", response_model=DayCloseAnswer, responses=AS_CSV)
async def close_day(
    _: SignedIn,
    db: Db,
    law: Rules,
    day: Annotated[
        BookedDay | None, Query(alias="date", description="The local day; today if left out.")
    ] = None,
    accept: Wanted = "",
) -> Response:
    """What a local day brought, for the shop and each driver. A past day never changes; today is so far."""
    asked = day or compliance.business_day(law.at(clock.now()), clock.now())
    close = await closing.close_day(db, span(asked, asked, law.timezone))
    if wants_csv(accept):
        return as_table(f"day-close-{asked}", ("section", "name", "value"), _close_rows(close))
    return Json(present_close(close, zone=law.timezone.key))


def _close_rows(close: DayClose) -> Iterable[Sequence[object]]:
    for name in ("delivered", "returned", "cancelled"):
        yield "orders", name, getattr(close, name)
    for line in close.lines:
        yield line.section, line.name, dollars(line.cents)
    for driver in close.drivers:
        told = present_driver(driver)
        for name in ("deliveries", "cashTaken", "tips", "openingCash", "collected", "counted", "received"):
            yield f"driver {driver.first_name} {driver.id}", name, told[name]
        yield f"driver {driver.first_name} {driver.id}", "difference", told["difference"]


@router.get("/taxes", response_model=TaxReportAnswer, responses=AS_CSV)
async def report_taxes(
    _: SignedIn, db: Db, law: Rules, start: Start, end: End, accept: Wanted = ""
) -> Response:
    """Tax collected by kind and day, less what returns took back; and each tax with its base."""
    days, steps = await closing.taxes(db, span(start, end, law.timezone))
    if wants_csv(accept):
        rows = [present_tax_day(day) for day in days]
        header = ("date", "kind", "collected", "returned", "net")
        return as_table(f"taxes-{start}-{end}", header, [[row[name] for name in header] for row in rows])
    return Json(
        {
            "startDate": start,
            "endDate": end,
            "timeZone": law.timezone.key,
            "days": [present_tax_day(day) for day in days],
            "steps": [present_tax_step(step) for step in steps],
        }
    )


@router.get("/journal", response_model=JournalAnswer, responses=AS_CSV)
async def read_journal(
    _: SignedIn,
    db: Db,
    law: Rules,
    start: Start,
    end: End,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
    accept: Wanted = "",
) -> Response:
    """Every movement of some days, the oldest first: a page as JSON, all of them as CSV."""
    asked = span(start, end, law.timezone)
    if wants_csv(accept):
        return await _whole_journal(db, asked)
    rows, total = await books.list_journal(db, asked, limit=limit, offset=offset)
    return Json(page("transfers", [books.journal_line(row) for row in rows], total=total, offset=offset))


async def _whole_journal(db: Db, asked: Span) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield as_csv([books.JOURNAL_FIELDS])
        async for rows in books.read_journal(db, asked):
            yield as_csv(books.journal_line(row).values() for row in rows)

    return StreamingResponse(parts(), headers=_file(f"journal-{asked.first}-{asked.last}"), media_type=_CSV)
