"""HTTP for staff: reports to the track-and-trace system, and what it holds otherwise than we do."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.traceability import ports, service
from faded_skies.domains.traceability.schemas import (
    CancelReport,
    CorrectReport,
    DifferencesAnswer,
    ReportAnswer,
    ReportsAnswer,
    StatusAnswer,
    present_difference,
    present_line,
    present_report,
    present_status,
)
from faded_skies.domains.traceability.service import State
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(
    prefix="/api/admin/traceability", tags=["staff"], dependencies=needs_token, responses=needs_role
)

Rules = Annotated[Law, provided(Law)]
Connection = Annotated[ports.Line, provided(ports.Line)]
_OVER = {"model": ErrorShape, "description": "INVALID_STATE: it is being sent, was sent, or was cancelled."}


@router.get("/status", response_model=StatusAnswer)
async def get_status(_: SignedIn, db: Db, law: Rules, line: Connection) -> Json:
    """How reporting does: what waits, the next deadline, and whether reports pile up because nothing is connected."""
    now = clock.now()
    status = await service.get_status(db, now=now)
    required = law.at(now).reporting.system != "none"
    return Json({"status": present_status(status, required=required, connected=line.system is not None)})


@router.get("/reports", response_model=ReportsAnswer)
async def list_reports(
    _: SignedIn,
    db: Db,
    state: Annotated[State | None, Query(description="Only reports in this state.")] = None,
    trip: Annotated[Id | None, Query(description="Only those of this trip.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Reports, the newest first."""
    found, total = await service.list_reports(db, state=state, trip_id=trip, limit=limit, offset=offset)
    return Json(page("reports", [present_line(report) for report in found], total=total, offset=offset))


@router.get("/reports/{report_id}", response_model=ReportAnswer)
async def get_report(report_id: Id, _: SignedIn, db: Db) -> Json:
    """A report with what is told, what is wrong with it, and what became of it."""
    return Json({"report": present_report(await service.get_report(db, report_id))})


@router.patch("/reports/{report_id}", response_model=ReportAnswer, responses={409: _OVER})
async def correct_report(report_id: Id, body: CorrectReport, actor: SignedIn, db: Db) -> Json:
    """Put a rejected report right; it is sent once it is requeued. 422 for fields that it has not."""
    async with db.transaction() as tx:
        report = await service.correct(
            tx, report_id, body.payload.changes(), actor_id=actor.id, now=clock.now()
        )
    return Json({"report": present_report(report)})


@router.post("/reports/{report_id}/requeue", response_model=ReportAnswer, responses={409: _OVER})
async def requeue_report(report_id: Id, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Send a rejected report again, by itself; the rest of its trip follows. 422 while something is missing in it."""

    async def work(tx: Tx) -> Answer:
        report = await service.requeue(tx, report_id, actor_id=actor.id, now=clock.now())
        return Answer(200, {"report": present_report(report)})

    return await once(db, Call.of(actor.id, key, what=f"requeue {report_id}"), work)


@router.post("/reports/{report_id}/cancel", response_model=ReportAnswer, responses={409: _OVER})
async def cancel_report(
    report_id: Id, body: CancelReport, actor: SignedIn, db: Db, key: KeyHeader = None
) -> Json:
    """Give a report up, because somebody entered it by hand; the rest of its trip goes on."""

    async def work(tx: Tx) -> Answer:
        report = await service.cancel(tx, report_id, reason=body.reason, actor_id=actor.id, now=clock.now())
        return Answer(200, {"report": present_report(report)})

    call = Call.of(actor.id, key, what=f"cancel report {report_id}", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@router.get("/differences", response_model=DifferencesAnswer)
async def list_differences(
    _: SignedIn,
    db: Db,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Only open ones, or only those that were resolved.")
    ] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """What the daily comparison found to be otherwise there than here, the newest first."""
    found, total = await service.list_differences(db, is_open=is_open, limit=limit, offset=offset)
    return Json(page("differences", [present_difference(one) for one in found], total=total, offset=offset))
