"""HTTP for admins: queues, failed jobs, and webhooks."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from faded_skies.backoffice.job_schemas import (
    DeliveriesAnswer,
    DeliveryAnswer,
    DiscardJob,
    FailedJobAnswer,
    FailedJobsAnswer,
    QueuesAnswer,
    ReplayedAnswer,
    ReplayJobs,
    present_delivery,
    present_failed,
)
from faded_skies.platform import dead_letters, deliveries
from faded_skies.platform.dead_letters import JobNotFound
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, has_more

_MOST_DIGITS = 18

router = APIRouter(prefix="/api/admin/jobs", tags=["staff"], dependencies=needs_token, responses=needs_role)
webhooks = APIRouter(
    prefix="/api/admin/webhooks", tags=["staff"], dependencies=needs_token, responses=needs_role
)

# Told to the document only: what is no number is no job, which is 404 like any other that does not wait.
_JobId = Annotated[
    str, Path(description="The number of a job.", json_schema_extra={"pattern": "^[0-9]{1,18}$"})
]
_Source = Annotated[
    str | None, Query(max_length=50, pattern=r"^[a-z_]+$", description="Only of this sender, such as stripe.")
]
_Job = Annotated[
    str | None,
    Query(max_length=100, pattern=r"^[\w.]+$", description="Only of this kind, such as post.send."),
]


@router.get("", response_model=QueuesAnswer)
async def list_queues(_: SignedIn, db: Db) -> Json:
    """The kinds of jobs that wait, run or have failed, how far behind they are, and what the clock asks for."""
    return Json(
        {
            "queues": [
                {
                    "job": queue.job,
                    "waiting": queue.waiting,
                    "running": queue.running,
                    "failed": queue.failed,
                    "behindSeconds": round(queue.behind_seconds, 1),
                }
                for queue in await dead_letters.list_queues(db)
            ],
            "periodic": [
                {"job": one.job, "cron": one.cron, "lastRun": one.last_run, "nextRun": one.next_run}
                for one in await dead_letters.list_schedules(db)
            ],
        }
    )


@router.get("/failed", response_model=FailedJobsAnswer)
async def list_failed(
    _: SignedIn, db: Db, job: _Job = None, limit: Limit = DEFAULT_ROWS, offset: Offset = 0
) -> Json:
    """Jobs that failed for good and wait for somebody's word, the newest first."""
    found, total = await dead_letters.list_failed(db, job=job, limit=limit, offset=offset)
    return Json(
        {
            "jobs": [present_failed(one) for one in found],
            "total": total,
            "hasMore": has_more(total=total, offset=offset, rows=len(found)),
        }
    )


@router.post("/failed/replay", response_model=ReplayedAnswer)
async def replay_all(body: ReplayJobs, actor: SignedIn, db: Db) -> Json:
    """Let all failed jobs of a kind run again, up to a thousand: after an outage."""
    async with db.transaction() as tx:
        count = await dead_letters.replay_all(tx, body.job, actor_id=actor.id)
    return Json({"replayed": count})


@router.get("/failed/{job_id}", response_model=FailedJobAnswer)
async def get_failed(job_id: _JobId, _: SignedIn, db: Db) -> Json:
    """One failed job, with its values and the last error; what looks personal or secret is left out."""
    return Json({"job": present_failed(await dead_letters.get_failed(db, _number(job_id)))})


@router.post("/failed/{job_id}/replay", status_code=204, response_class=Response)
async def replay(job_id: _JobId, actor: SignedIn, db: Db) -> Response:
    """Let a failed job run again, with all its attempts. Jobs do not mind to run twice."""
    async with db.transaction() as tx:
        await dead_letters.replay(tx, _number(job_id), actor_id=actor.id)
    return Response(status_code=204)


@router.post("/failed/{job_id}/discard", status_code=204, response_class=Response)
async def discard(job_id: _JobId, body: DiscardJob, actor: SignedIn, db: Db) -> Response:
    """Give a failed job up for good; what it was to do stays undone."""
    async with db.transaction() as tx:
        await dead_letters.discard(tx, _number(job_id), actor_id=actor.id, reason=body.reason)
    return Response(status_code=204)


def _number(job_id: str) -> int:
    if not (job_id.isascii() and job_id.isdigit() and len(job_id) <= _MOST_DIGITS):
        raise JobNotFound
    return int(job_id)


@webhooks.get("", response_model=DeliveriesAnswer)
async def list_deliveries(
    _: SignedIn,
    db: Db,
    source: _Source = None,
    handled: Annotated[
        bool | None, Query(description="Only what was worked off, or only what waits.")
    ] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Verified deliveries of payment and identity services, the newest first."""
    found, total = await deliveries.list_deliveries(
        db, source=source, handled=handled, limit=limit, offset=offset
    )
    return Json(
        {
            "webhooks": [present_delivery(one) for one in found],
            "total": total,
            "hasMore": has_more(total=total, offset=offset, rows=len(found)),
        }
    )


@webhooks.get("/{webhook_id}", response_model=DeliveryAnswer)
async def get_delivery(webhook_id: Id, _: SignedIn, db: Db) -> Json:
    """One delivery with what was in it; what looks personal or secret is left out."""
    found = await deliveries.get_delivery(db, webhook_id)
    return Json({"webhook": {**present_delivery(found), "payload": found.payload}})


@webhooks.post(
    "/{webhook_id}/replay",
    status_code=204,
    response_class=Response,
    responses={409: {"model": ErrorShape, "description": "INVALID_STATE: worked off already."}},
)
async def replay_delivery(webhook_id: Id, actor: SignedIn, db: Db) -> Response:
    """Have a delivery that waits worked from its row again."""
    async with db.transaction() as tx:
        await deliveries.replay_delivery(tx, webhook_id, actor_id=actor.id)
    return Response(status_code=204)
