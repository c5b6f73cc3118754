"""Events and the consent to them on the wire."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StrictBool, StrictFloat, StrictInt
from pydantic_core import PydanticCustomError

from faded_skies.domains.analytics.service import (
    MOST_BYTES,
    MOST_EVENTS,
    MOST_NUMBER,
    MOST_PROPERTIES,
    MOST_TEXT,
    NAME,
    SERVERS,
    WORDING,
    Consent,
    Recorded,
    Scalar,
    Told,
    is_reserved,
    says_a_person,
)
from faded_skies.platform.http.fields import Body, Id, Shape, Text


def _event_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise PydanticCustomError(
            "event_name", "Name the event by a letter and up to 39 letters, digits and underscores."
        )
    if name in SERVERS:
        raise PydanticCustomError("event_of_server", "The server states this event itself; leave it out.")
    if is_reserved(name):
        raise PydanticCustomError("event_reserved", "This name is reserved; choose another.")
    return name


def _properties(value: object) -> object:
    if not isinstance(value, dict):
        return value
    if len(value) > MOST_PROPERTIES:
        raise PydanticCustomError("too_many", f"Give at most {MOST_PROPERTIES} properties.")
    for name, one in value.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise PydanticCustomError(
                "property_name",
                "Name each property by a letter and up to 39 letters, digits and underscores.",
            )
        if says_a_person(name):
            raise PydanticCustomError(
                "personal", "Leave {name} out: events hold no personal data.", {"name": name}
            )
        if not _is_scalar(one):
            raise PydanticCustomError(
                "property_value",
                f"Give {{name}} a text of up to {MOST_TEXT} characters, a number or a truth value.",
                {"name": name},
            )
    return value


def _small(properties: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    if len(orjson.dumps(properties)) > MOST_BYTES:
        raise PydanticCustomError(
            "too_large", f"Keep the properties of an event within {MOST_BYTES:,} bytes of JSON together."
        )
    return properties


def _is_scalar(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MOST_TEXT
    if isinstance(value, bool):
        return True
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) <= MOST_NUMBER


class EventBody(Body):
    """`id` makes it safe to send the event again; without `occurredAt` it happened now."""

    id: Id | None = None
    event: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_event_name)]
    properties: Annotated[
        dict[str, Text | StrictInt | StrictFloat | StrictBool],
        BeforeValidator(_properties),
        AfterValidator(_small),
        Field(
            description="Names as of events; texts, numbers and truth values, no personal data; "
            f"{MOST_BYTES:,} bytes of JSON together."
        ),
    ] = Field(default_factory=dict)
    occurred_at: (
        Annotated[
            AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(3000, 1, 1, tzinfo=UTC))
        ]
        | None
    ) = None


class ChooseConsent(Body, json_schema_extra={"examples": [{"analytics": True, "thirdParties": False}]}):
    """`analytics`: to be counted by the shop. `thirdParties`: others may hear of it, which needs the first."""

    analytics: Annotated[bool, Field(strict=True)]
    third_parties: Annotated[bool, Field(strict=True)] = False


class RecordEvents(
    Body,
    json_schema_extra={
        "examples": [
            {
                "visitorId": "5f0c2b7e-8f4e-4a53-9d55-0a4d3f1f2c11",
                "consent": {"analytics": True, "thirdParties": False},
                "events": [
                    {
                        "id": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60",
                        "event": "page_view",
                        "properties": {"page": "/products", "position": 3},
                    }
                ],
            }
        ]
    },
):
    """`visitorId` is a number that the app drew for this device and forgets when consent ends.

    `consent` is what the visitor was asked and answered. Of somebody signed in the account's consent counts besides.
    """

    events: Annotated[list[EventBody], Field(min_length=1, max_length=MOST_EVENTS)]
    visitor_id: Id | None = None
    consent: ChooseConsent | None = None


class RecordedShape(Shape):
    """`reason` is why some were ignored: `no_consent`, or `too_old` for more than three days."""

    accepted: int
    ignored: int
    reason: Literal["no_consent", "too_old"] | None


class ConsentShape(Shape):
    analytics: bool
    third_parties: bool
    since: datetime | None
    wording: str = Field(description="What is agreed to; show it beside the switches.")


class ConsentAnswer(Shape):
    consent: ConsentShape


def told_of(body: RecordEvents) -> list[Told]:
    return [Told(one.id, one.event, one.properties, one.occurred_at) for one in body.events]


def present_recorded(recorded: Recorded) -> dict[str, Any]:
    return {"accepted": recorded.accepted, "ignored": recorded.ignored, "reason": recorded.reason}


def present_consent(consent: Consent | None) -> dict[str, Any]:
    return {
        "analytics": consent is not None,
        "thirdParties": consent is not None and consent.third_parties,
        "since": None if consent is None else consent.given_at,
        "wording": WORDING,
    }
