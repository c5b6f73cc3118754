"""HTTP for staff: the audit log, read, taken away and verified."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field, StringConstraints
from starlette.responses import StreamingResponse

from faded_skies.backoffice.audit_schemas import AuditRowsAnswer, AuditVerdict
from faded_skies.platform.audit.walk import Finding
from faded_skies.platform.audit_log.exporting import ndjson
from faded_skies.platform.audit_log.reading import Filter, as_json, list_newest
from faded_skies.platform.audit_log.verifying import verify_newest
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

MOST_ROWS_VERIFIED = 20_000
MOST_FINDINGS = 100
NDJSON = "application/x-ndjson"

router = APIRouter(
    prefix="/api/admin/audit-log", tags=["staff"], dependencies=needs_token, responses=needs_role
)

_Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.-]+$")]
# No log is older or newer; the ends of Python's calendar do not survive a change of zone.
_Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(3000, 1, 1, tzinfo=UTC))
]


def _filter(
    action: Annotated[_Word | None, Query(description="Only this action, such as sign_in.failed.")] = None,
    object_type: Annotated[
        _Word | None, Query(alias="objectType", description="Only this kind of thing, such as order.")
    ] = None,
    object_id: Annotated[Id | None, Query(alias="objectId", description="Only this thing.")] = None,
    actor_id: Annotated[Id | None, Query(alias="actorId", description="Only what this person did.")] = None,
    since: Annotated[
        _Moment | None, Query(alias="from", description="Not before this time (RFC 3339).")
    ] = None,
    until: Annotated[_Moment | None, Query(alias="to", description="Before this time (RFC 3339).")] = None,
) -> Filter:
    return Filter(action, object_type, object_id, actor_id, since, until)


Wanted = Annotated[Filter, Depends(_filter)]


@router.get("", response_model=AuditRowsAnswer)
async def list_audit_log(
    _: SignedIn, db: Db, wanted: Wanted, limit: Limit = DEFAULT_ROWS, offset: Offset = 0
) -> Json:
    """Who did what to which thing, from where and why; newest first."""
    rows, total = await list_newest(db, wanted, limit=limit, offset=offset)
    return Json(page("rows", [as_json(row) for row in rows], total=total, offset=offset))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"description": "One row a line, oldest first.", "content": {NDJSON: {}}}},
)
async def export_audit_log(actor: SignedIn, db: Db, wanted: Wanted) -> StreamingResponse:
    """The rows as NDJSON, oldest first; `faded-skies audit verify --file` checks such a file. Is itself audited."""
    async with db.transaction() as tx:
        tx.audit("audit_log.exported", object_type="audit_log", object_id=None, actor_id=actor.id)
    return StreamingResponse(
        ndjson(db, wanted),
        media_type=NDJSON,
        headers={"Content-Disposition": 'attachment; filename="audit-log.ndjson"'},
    )


@router.post("/verify", response_model=AuditVerdict)
async def verify_audit_log(actor: SignedIn, db: Db) -> Json:
    """Check the newest rows (about 20,000) of all chains, their ends and seals. Is itself audited.

    `complete` says whether these are all there are; `faded-skies audit verify` checks a log of any length.
    """
    findings: list[Finding] = []
    wrong = 0

    def found(finding: Finding) -> None:
        nonlocal wrong
        wrong += 1
        if len(findings) < MOST_FINDINGS:
            findings.append(finding)

    verdict = await verify_newest(db, found=found, most_rows=MOST_ROWS_VERIFIED)
    async with db.transaction() as tx:
        tx.audit(
            "audit_log.verified",
            object_type="audit_log",
            object_id=None,
            actor_id=actor.id,
            rows=verdict.rows,
            findings=wrong,
        )
    return Json(
        {
            "ok": wrong == 0,
            "rows": verdict.rows,
            "before": verdict.before,
            "complete": verdict.complete,
            "findings": findings,
        }
    )
