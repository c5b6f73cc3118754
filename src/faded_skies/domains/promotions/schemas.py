"""Promotions on the wire."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.notifications.service import Channel
from faded_skies.domains.promotions.service import ChannelCounts, Promotion, Reach, Segment, State, Words
from faded_skies.platform.http.fields import Body, Id, Line, Moment, Shape
from faded_skies.platform.money import Dollars, cents_of, to_dollars

MOST_ZIP_CODES = 100
_MOST_DAYS = 3650
_ZIP = re.compile(r"\d{5}")
_IMAGE = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?/[A-Za-z0-9._~:/?#@!$&()*+,;=%-]*")


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("one_line", "Write the title in one line, without control characters.")
    return text


def _five_digits(text: str) -> str:
    if not _ZIP.fullmatch(text):
        raise PydanticCustomError("zip_code", "Write a ZIP code as five digits, such as 78701.")
    return text


def _https(text: str) -> str:
    if not _IMAGE.fullmatch(text):
        raise PydanticCustomError("image_url", "Give the address of a picture that begins with https://.")
    return text


Days = Annotated[int, Field(strict=True, ge=1, le=_MOST_DAYS, description="Days back from the sending.")]


class SegmentBody(Body):
    """Customers for whom all of it holds; with nothing named, all. Only those who agreed get anything."""

    ordered_within_days: Days | None = None
    not_ordered_within_days: Days | None = None
    min_spent: Annotated[
        Dollars | None, Field(description="Dollars paid for delivered orders, refunds taken off.")
    ] = None
    zip_codes: Annotated[
        list[Annotated[str, AfterValidator(_five_digits)]], Field(max_length=MOST_ZIP_CODES)
    ] = Field(default_factory=list, description="Of the primary address.")
    area_id: Id | None = None
    min_points: Annotated[
        Annotated[int, Field(strict=True, ge=1, le=100_000_000)] | None,
        Field(description="Coins that they have."),
    ] = None


class WritePromotion(
    Body,
    json_schema_extra={
        "examples": [
            {
                "title": "Twenty percent off all edibles",
                "body": "Until Sunday.\n\nTell your driver that you saw it here.",
                "imageUrl": "https://shop.example/pictures/edibles.jpg",
                "segment": {"orderedWithinDays": 90, "zipCodes": ["78701"]},
                "channels": ["email", "push"],
            }
        ]
    },
):
    """What a promotion says, to whom, by which channels. Blank lines part paragraphs."""

    title: Annotated[Line, Field(max_length=100), AfterValidator(_one_line)]
    body: Annotated[Line, Field(max_length=2000)]
    image_url: Annotated[str, Field(max_length=500), AfterValidator(_https)] | None = None
    segment: SegmentBody = SegmentBody()
    channels: Annotated[list[Channel], Field(min_length=1, max_length=2)] = Field(
        default_factory=lambda: [Channel.EMAIL, Channel.PUSH]
    )


class ChangePromotion(
    Body, json_schema_extra={"examples": [{"title": "Twenty percent off all flower", "imageUrl": None}]}
):
    """What is sent is changed, a segment as a whole. Null takes out the picture; elsewhere it changes nothing."""

    title: Annotated[Line, Field(max_length=100), AfterValidator(_one_line)] | None = None
    body: Annotated[Line, Field(max_length=2000)] | None = None
    image_url: Annotated[str, Field(max_length=500), AfterValidator(_https)] | None = None
    segment: SegmentBody | None = None
    channels: Annotated[list[Channel], Field(min_length=1, max_length=2)] | None = None


class StartPromotion(Body, json_schema_extra={"examples": [{"startsAt": "2026-12-01T17:00:00Z"}]}):
    """When it shall start; at once without a time, or with one that is over."""

    starts_at: Moment | None = None


class SegmentShape(Shape):
    ordered_within_days: int | None
    not_ordered_within_days: int | None
    min_spent: float | None
    zip_codes: list[str]
    area_id: UUID | None
    min_points: int | None


class ChannelCountsShape(Shape):
    queued: int
    sent: int
    failed: int
    dropped: dict[str, int] = Field(
        description="By reason: stopped, unsubscribed, switched_off, not_active, no_device."
    )


class CountsShape(Shape):
    audience: int | None = Field(description="People of the segment when it started.")
    looked_at: int
    recipients: int
    opened: int
    skipped: dict[str, int] = Field(description="By reason: not_active, under_age, no_consent, no_channel.")
    email: ChannelCountsShape
    push: ChannelCountsShape


class PromotionShape(Shape):
    id: UUID
    title: str
    body: str
    image_url: str | None
    segment: SegmentShape
    channels: list[Channel]
    state: State
    starts_at: datetime | None
    created_by: UUID
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    recipients: int
    opened: int


class PromotionAnswer(Shape):
    promotion: PromotionShape


class CountedPromotionAnswer(Shape):
    promotion: PromotionShape
    counts: CountsShape


class PromotionsAnswer(Shape):
    promotions: list[PromotionShape]
    total: int
    has_more: bool


class PreviewAnswer(Shape):
    recipients: int
    skipped: dict[str, int]


class ShownPromotionShape(Shape):
    id: UUID
    title: str
    body: str
    image_url: str | None
    started_at: datetime


class ShownPromotionAnswer(Shape):
    promotion: ShownPromotionShape


def words_of(body: WritePromotion) -> Words:
    """Return what a body writes."""
    return Words(body.title, body.body, body.image_url, _segment(body.segment), frozenset(body.channels))


def changes_of(body: ChangePromotion) -> Mapping[str, object]:
    """Return what a body changes, by the names of `Words`."""
    changes: dict[str, object] = {
        "title": body.title,
        "body": body.body,
        "segment": None if body.segment is None else _segment(body.segment),
        "channels": None if body.channels is None else frozenset(body.channels),
    }
    sent = {name: value for name, value in changes.items() if value is not None}
    return sent | ({"image_url": body.image_url} if "image_url" in body.model_fields_set else {})


def _segment(told: SegmentBody) -> Segment:
    return Segment(
        told.ordered_within_days,
        told.not_ordered_within_days,
        None if told.min_spent is None else cents_of(told.min_spent),
        tuple(sorted(set(told.zip_codes))),
        told.area_id,
        told.min_points,
    )


def present(promotion: Promotion, reach: Reach) -> dict[str, object]:
    """Return a promotion as staff see it."""
    segment = promotion.segment
    return {
        "id": promotion.id,
        "title": promotion.title,
        "body": promotion.body,
        "imageUrl": promotion.image_url,
        "segment": {
            "orderedWithinDays": segment.ordered_within_days,
            "notOrderedWithinDays": segment.not_ordered_within_days,
            "minSpent": None if segment.min_spent_cents is None else to_dollars(segment.min_spent_cents),
            "zipCodes": segment.zip_codes,
            "areaId": segment.area_id,
            "minPoints": segment.min_points,
        },
        "channels": sorted(promotion.channels),
        "state": promotion.state,
        "startsAt": promotion.starts_at,
        "createdBy": promotion.created_by,
        "createdAt": promotion.created_at,
        "startedAt": promotion.started_at,
        "endedAt": promotion.ended_at,
        "recipients": reach.recipients,
        "opened": reach.opened,
    }


def present_counts(
    promotion: Promotion, reach: Reach, channels: Mapping[Channel, ChannelCounts]
) -> dict[str, object]:
    """Return how far a promotion is, and what became of its messages."""
    return {
        "audience": promotion.audience,
        "lookedAt": promotion.looked_at,
        "recipients": reach.recipients,
        "opened": reach.opened,
        "skipped": promotion.skipped,
        **{channel.value: channels[channel] for channel in Channel},
    }


def present_shown(promotion: Promotion) -> dict[str, object]:
    """Return a promotion as its link shows it."""
    return {
        "id": promotion.id,
        "title": promotion.title,
        "body": promotion.body,
        "imageUrl": promotion.image_url,
        "startedAt": promotion.started_at,
    }
