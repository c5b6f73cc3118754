"""Drivers' answers on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from faded_skies.domains.delivery.models.dispatch import Answer, Assignment, Refusal
from faded_skies.platform.http.fields import Body, Line, Shape


class DeclineBody(Body, json_schema_extra={"examples": [{"reason": "My car does not start."}]}):
    """`reason` is for staff; the customer never reads it."""

    reason: Annotated[Line, Field(max_length=500)]


class AnswerShape(Shape):
    order_id: UUID
    answer: Literal["accepted", "declined"]
    answered_at: datetime


class AnsweredAnswer(Shape):
    assignment: AnswerShape


class AssignmentShape(Shape):
    """Whose the order is; `automatic` where dispatch gave it."""

    driver_id: UUID
    state: Literal["offered", "accepted"]
    automatic: bool
    assigned_at: datetime
    accepted_at: datetime | None


class RefusalShape(Shape):
    """A driver who gave the order back, or did not answer in time."""

    driver_id: UUID
    kind: Literal["declined", "unanswered"]
    reason: str | None
    at: datetime


def present_answer(answer: Answer) -> dict[str, object]:
    return {
        "assignment": {"orderId": answer.order_id, "answer": answer.kind, "answeredAt": answer.at},
    }


def present_assignment(assignment: Assignment | None) -> dict[str, object] | None:
    """Return whose an order is, None for nobody's."""
    if assignment is None:
        return None
    return {
        "driverId": assignment.driver_id,
        "state": "offered" if assignment.accepted_at is None else "accepted",
        "automatic": assignment.is_automatic,
        "assignedAt": assignment.assigned_at,
        "acceptedAt": assignment.accepted_at,
    }


def present_refusal(refusal: Refusal) -> dict[str, object]:
    return {
        "driverId": refusal.driver_id,
        "kind": refusal.kind,
        "reason": refusal.reason,
        "at": refusal.at,
    }
