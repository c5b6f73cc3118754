"""Reports as staff sees them, and what they send to put one right."""

import re
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from faded_skies.domains.traceability.service import Difference, Report, State, Status, Step
from faded_skies.platform.http.fields import MOST_TEXT, Body, Line, Note, Shape
from faded_skies.platform.money import Dollars, cents_of, to_dollars

_TAG = re.compile(r"[A-Z0-9]{6,30}")
_QUANTITY = re.compile(r"-?\d{1,7}(\.\d{1,4})?")


def _tag(text: str) -> str:
    if not _TAG.fullmatch(text):
        raise ValueError("a package tag is 6 to 30 capital letters and digits")
    return text


def _quantity(text: str) -> str:
    if not _QUANTITY.fullmatch(text):
        raise ValueError("write a number with at most four decimals, such as 3.5")
    return text


class GoodsLine(
    Body,
    json_schema_extra={"examples": [{"tag": "1A4060300000022000000123", "quantity": "2", "unit": "Each"}]},
):
    """One line of goods, put right: what is left out stays as it is."""

    tag: Annotated[Line, Field(max_length=30), AfterValidator(_tag)] | None = None
    quantity: Annotated[Line, Field(max_length=13), AfterValidator(_quantity)] | None = None
    unit: Annotated[Line, Field(max_length=20)] | None = None
    price: Dollars | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was given, in our words."""
        given = self.model_dump(exclude_unset=True, exclude={"price"})
        if self.price is not None:
            given["price_cents"] = cents_of(self.price)
        return {name: value for name, value in given.items() if value is not None}


Lines = Annotated[list[GoodsLine], Field(max_length=200)]


class Corrections(Body, json_schema_extra={"examples": [{"goods": [{"tag": "1A4060300002EE1000000001"}]}]}):
    """What is wrong with the report, put right. Lists have all lines in their order, the unchanged ones empty."""

    goods: Lines | None = None
    removed: Lines | None = None
    returned: Lines | None = None
    reason: Annotated[Line, Field(max_length=100)] | None = None
    note: Note | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was given, in our words; null is the same as left out."""
        given: dict[str, Any] = {}
        for name in sorted(self.model_fields_set):
            value = getattr(self, name)
            if value is None:
                continue
            given[name] = [line.changes() for line in value] if isinstance(value, list) else value
        return given


class CorrectReport(
    Body, json_schema_extra={"examples": [{"payload": {"goods": [{"tag": "1A4060300002EE1000000001"}]}}]}
):
    payload: Corrections


class CancelReport(Body, json_schema_extra={"examples": [{"reason": "Entered by hand in the system."}]}):
    reason: Annotated[Line, Field(max_length=MOST_TEXT)]


class ReportLineShape(Shape):
    """A report without what is told. `isNear` and `isOverdue` are alarms that were raised for it."""

    id: UUID
    trip_id: UUID | None
    order_id: UUID | None
    lot_id: UUID | None
    step: Step
    sequence: int
    external_number: str
    state: State
    happened_at: datetime
    due_at: datetime
    is_near: bool
    is_overdue: bool
    attempts: int
    next_try_at: datetime | None
    error: str | None
    metrc_id: int | None
    sent_at: datetime | None
    created_at: datetime


class HistoryShape(Shape):
    """What became of it, when, and who did it."""

    at: datetime
    what: str
    detail: str | None
    by: UUID | None


class ReportShape(ReportLineShape):
    """A report with what is told, in our words; prices are dollars before tax."""

    payload: dict[str, Any]
    history: list[HistoryShape]


class ReportsAnswer(Shape):
    reports: list[ReportLineShape]
    total: int
    has_more: bool


class ReportAnswer(Shape):
    report: ReportShape


class StatusShape(Shape):
    """How reporting does. Where the law wants reports and nothing is `connected`, they pile up.

    While `licenceRefused` says why, nothing is sent; `licenceWarning` is only doubtful.
    """

    required: bool
    connected: bool
    piles_up: bool
    counts: dict[str, int]
    oldest_waiting_at: datetime | None
    next_due_at: datetime | None
    overdue: int
    last_success_at: datetime | None
    down_since: datetime | None
    error: str | None
    compared_at: datetime | None
    licence_checked_at: datetime | None
    licence_refused: str | None
    licence_warning: str | None
    open_differences: int


class StatusAnswer(Shape):
    status: StatusShape


class DifferenceShape(Shape):
    """Something that is otherwise there than here; `subject` is a package tag or a number of ours."""

    id: UUID
    kind: str
    subject: str
    ours: str | None
    theirs: str | None
    seen_on: date
    last_seen_on: date
    resolved_at: datetime | None


class DifferencesAnswer(Shape):
    differences: list[DifferenceShape]
    total: int
    has_more: bool


def present_line(report: Report) -> dict[str, object]:
    """Return a report as a line of the list."""
    return {
        "id": report.id,
        "tripId": report.trip_id,
        "orderId": report.order_id,
        "lotId": report.lot_id,
        "step": report.step,
        "sequence": report.sequence,
        "externalNumber": report.external_number,
        "state": report.state,
        "happenedAt": report.happened_at,
        "dueAt": report.due_at,
        "isNear": report.warned_at is not None,
        "isOverdue": report.overdue_at is not None,
        "attempts": report.attempts,
        "nextTryAt": report.next_try_at if report.state is State.WAITING else None,
        "error": report.last_error,
        "metrcId": report.metrc_id,
        "sentAt": report.sent_at,
        "createdAt": report.created_at,
    }


def present_report(report: Report) -> dict[str, object]:
    """Return a report whole."""
    return present_line(report) | {
        "payload": _camel(report.payload),
        "history": [
            {
                "at": entry["at"],
                "what": entry["what"],
                "detail": entry.get("detail"),
                "by": entry.get("by"),
            }
            for entry in report.history
        ],
    }


def present_status(status: Status, *, required: bool, connected: bool) -> dict[str, object]:
    """Return how reporting does."""
    return {
        "required": required,
        "connected": connected,
        "pilesUp": required and not connected,
        "counts": {state.value: status.counts.get(state, 0) for state in State},
        "oldestWaitingAt": status.oldest_waiting_at,
        "nextDueAt": status.next_due_at,
        "overdue": status.overdue,
        "lastSuccessAt": status.last_success_at,
        "downSince": status.down_since,
        "error": status.last_error,
        "comparedAt": status.compared_at,
        "licenceCheckedAt": status.licence_checked_at,
        "licenceRefused": status.licence_refused,
        "licenceWarning": status.licence_warning,
        "openDifferences": status.open_differences,
    }


def present_difference(difference: Difference) -> dict[str, object]:
    """Return a difference."""
    return {
        "id": difference.id,
        "kind": difference.kind,
        "subject": difference.subject,
        "ours": difference.ours,
        "theirs": difference.theirs,
        "seenOn": difference.seen_on,
        "lastSeenOn": difference.last_seen_on,
        "resolvedAt": difference.resolved_at,
    }


_INTERNAL = {"price_cents", "standing"}
_NAMES = {
    "arrived_at": "arrivedAt",
    "departed_at": "departedAt",
    "order_id": "orderId",
    "product_id": "productId",
    "sold_at": "soldAt",
    "vehicle_id": "vehicleId",
}


def _camel(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel(one) for one in value]
    if not isinstance(value, dict):
        return value
    told = {_NAMES.get(name, name): _camel(one) for name, one in value.items() if name not in _INTERNAL}
    return told | ({"price": to_dollars(value["price_cents"])} if "price_cents" in value else {})
