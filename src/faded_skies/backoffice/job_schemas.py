"""Queues, failed jobs and webhooks on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from faded_skies.platform.dead_letters import FailedJob
from faded_skies.platform.deliveries import Delivery
from faded_skies.platform.http.fields import MOST_TEXT, Body, Line, Shape


class ReplayJobs(Body, json_schema_extra={"examples": [{"job": "notifications.send"}]}):
    job: Annotated[Line, Field(max_length=100)]


class DiscardJob(Body, json_schema_extra={"examples": [{"reason": "Its order is long over."}]}):
    reason: Annotated[Line, Field(max_length=MOST_TEXT)]


class QueueShape(Shape):
    """Jobs of one kind; `behindSeconds` is how long the oldest that is due has waited."""

    job: str
    waiting: int
    running: int
    failed: int
    behind_seconds: float


class PeriodicShape(Shape):
    """Work of the clock; `cron` is in UTC."""

    job: str
    cron: str
    last_run: datetime | None
    next_run: datetime


class QueuesAnswer(Shape):
    queues: list[QueueShape]
    periodic: list[PeriodicShape]


class FailedJobShape(Shape):
    """A job that failed for good; `cause` is the kind of the last error, null once that was forgotten."""

    id: str
    job: str
    attempts: int
    created_at: datetime
    failed_at: datetime
    cause: str | None
    message: str | None
    payload: JsonValue


class FailedJobAnswer(Shape):
    job: FailedJobShape


class FailedJobsAnswer(Shape):
    jobs: list[FailedJobShape]
    total: int
    has_more: bool


class ReplayedAnswer(Shape):
    """How many jobs run again."""

    replayed: int


class ListedDeliveryShape(Shape):
    """A delivery; `handledAt` is null while it waits."""

    id: UUID
    source: str
    external_id: str
    kind: str
    received_at: datetime
    handled_at: datetime | None


class DeliveryShape(ListedDeliveryShape):
    payload: JsonValue


class DeliveryAnswer(Shape):
    webhook: DeliveryShape


class DeliveriesAnswer(Shape):
    webhooks: list[ListedDeliveryShape]
    total: int
    has_more: bool


def present_failed(job: FailedJob) -> dict[str, object]:
    return {
        "id": str(job.id),
        "job": job.job,
        "attempts": job.attempts,
        "createdAt": job.created_at,
        "failedAt": job.failed_at,
        "cause": job.cause,
        "message": job.message,
        "payload": job.payload,
    }


def present_delivery(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "source": delivery.source,
        "externalId": delivery.external_id,
        "kind": delivery.kind,
        "receivedAt": delivery.received_at,
        "handledAt": delivery.handled_at,
    }
