"""Promotions as rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from faded_skies.domains.notifications.service import Channel
from faded_skies.domains.promotions.rules import Segment

State = Literal["draft", "scheduled", "sending", "stopped", "done"]


@dataclass(frozen=True, slots=True)
class Place:
    """An area as rings of corners in PostgreSQL's words, and the holes in it."""

    outline: str
    holes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion and how far it is. `audience` is how many its segment had when it started."""

    id: UUID
    title: str
    body: str
    image_url: str | None
    segment: Segment
    place: Place | None
    channels: frozenset[Channel]
    state: State
    starts_at: datetime | None
    audience: int | None
    reached_id: UUID | None
    looked_at: int
    skipped: Mapping[str, int]
    created_by: UUID
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reach:
    """How many people a promotion was queued for, and how many of them opened it."""

    recipients: int
    opened: int


@dataclass(frozen=True, slots=True)
class Words:
    """What a promotion says and to whom, as it is written into a draft."""

    title: str
    body: str
    image_url: str | None
    segment: Segment
    channels: frozenset[Channel]


@dataclass(frozen=True, slots=True)
class Asked:
    """A segment with all that its question needs: the moment, who is old enough, and where its area lies."""

    segment: Segment
    channels: frozenset[Channel]
    place: Place | None
    born_by: date
    now: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a segment: reached by these channels, or passed over for a reason, the first that holds.

    not_active: the account is suspended; under_age: no birth date, or too young; no_consent: did not agree; no_channel:
    reached by none of the promotion's channels (switched off, mail not confirmed, no device).
    """

    id: UUID
    email: str
    full_name: str
    skipped: str | None
    channels: frozenset[Channel]


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    """Messages of a promotion by one channel. `queued` are not gone yet, `dropped` must not go, by reason."""

    queued: int
    sent: int
    failed: int
    dropped: Mapping[str, int]
