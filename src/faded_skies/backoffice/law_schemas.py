"""The law as staff see it: rules in force, what was acknowledged, what was decided, places that are barred."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from faded_skies.domains.compliance.service import DecisionRecord, RuleState
from faded_skies.domains.places.service import BarredPlace
from faded_skies.platform.http.fields import Body, Latitude, Line, Longitude, Shape


class Acknowledge(Body, json_schema_extra={"examples": [{"rule": "places", "operator": "Maya Okafor"}]}):
    """That the operator, by name, answers for a rule as it stands."""

    rule: Annotated[Line, Field(min_length=1, max_length=100)]
    operator: Annotated[Line, Field(min_length=2, max_length=100)]


class BarPlace(
    Body,
    json_schema_extra={
        "examples": [
            {
                "name": "Austin High",
                "kind": "school",
                "latitude": 30.27,
                "longitude": -97.76,
                "radiusMetres": 300,
            }
        ]
    },
):
    """A circle that the law may bar by its kind; the rule file says which kinds it bars."""

    name: Annotated[Line, Field(min_length=1, max_length=100)]
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,49}$")]
    latitude: Latitude
    longitude: Longitude
    radius_metres: Annotated[int, Field(strict=True, ge=1, le=10_000, description="Metres around the point.")]


class RuleShape(Shape):
    rule: str
    town: str | None
    source: str
    seen: date
    grade: str
    unverified: bool
    counts: bool
    acknowledged_by: str | None
    acknowledged_at: datetime | None


class RulesAnswer(Shape):
    jurisdiction: str
    name: str
    fictional: bool
    effective_from: date
    review_by: date | None
    review_overdue: bool
    rules_hash: str
    rules: list[RuleShape]


class AcknowledgedAnswer(Shape):
    rules: list[RuleShape]


class DecisionShape(Shape):
    id: UUID
    stage: str
    order_id: UUID | None
    trip_id: UUID | None
    rules_hash: str
    outcome: str
    decisions: list[dict[str, object]]
    decided_at: datetime


class DecisionsAnswer(Shape):
    decisions: list[DecisionShape]
    total: int
    has_more: bool


class BarredPlaceShape(Shape):
    id: UUID
    name: str
    kind: str
    latitude: float
    longitude: float
    radius_metres: int
    barred: bool = Field(description="Whether the rules in force bar this kind.")


class BarredPlacesAnswer(Shape):
    places: list[BarredPlaceShape]


class BarredPlaceAnswer(Shape):
    place: BarredPlaceShape


def present_rule(state: RuleState) -> dict[str, object]:
    """Return a rule as staff see it."""
    given = state.acknowledgement
    return {
        "rule": state.rule.id,
        "town": state.town,
        "source": state.rule.source,
        "seen": state.rule.seen,
        "grade": state.rule.grade,
        "unverified": state.rule.unverified,
        "counts": state.counts,
        "acknowledgedBy": given.operator if given else None,
        "acknowledgedAt": given.acknowledged_at if given else None,
    }


def present_decision(record: DecisionRecord) -> dict[str, object]:
    """Return one question to the law with all its answers."""
    return {
        "id": record.id,
        "stage": record.stage,
        "orderId": record.order_id,
        "tripId": record.trip_id,
        "rulesHash": record.rules_hash,
        "outcome": record.outcome,
        "decisions": record.decisions,
        "decidedAt": record.decided_at,
    }


def present_barred(place: BarredPlace, kinds: frozenset[str]) -> dict[str, object]:
    """Return a barred place; `kinds` are those that the rules in force bar."""
    return {
        "id": place.id,
        "name": place.name,
        "kind": place.kind,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "radiusMetres": place.radius_m,
        "barred": place.kind in kinds,
    }
