"""What people choose to hear of, on the wire."""

import re
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.notifications.service import (
    LOCKED,
    SHOPS_QUIET,
    WORDING,
    Channel,
    Preferences,
    QuietHours,
    Topic,
)
from faded_skies.platform.calendar import known_zones
from faded_skies.platform.http.fields import Body, Shape

_MOST_CHOICES = len(Topic) * len(Channel)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise PydanticCustomError("time_of_day", "Write the time of day as HH:MM, such as 21:00.")
    return value


def _zone(value: str) -> str:
    if value not in known_zones():
        raise PydanticCustomError(
            "time_zone", "Name a time zone of the IANA database, such as America/Chicago."
        )
    return value


TimeOfDay = Annotated[str, AfterValidator(_time)]


class TopicChoice(Body):
    """Whether a topic comes by a channel."""

    topic: Topic
    channel: Channel
    enabled: Annotated[bool, Field(strict=True)]


class QuietHoursBody(Body):
    """Local times of day; from the first until the second, over midnight where it is earlier. Equal ones: none."""

    start: TimeOfDay
    end: TimeOfDay
    time_zone: Annotated[str, Field(max_length=64), AfterValidator(_zone)]


class ChangePreferences(
    Body,
    json_schema_extra={
        "examples": [
            {
                "topics": [{"topic": "orders", "channel": "email", "enabled": False}],
                "promotions": True,
                "quietHours": {"start": "20:00", "end": "09:00", "timeZone": "America/Chicago"},
            }
        ]
    },
):
    """What shall change; what is absent stays."""

    topics: Annotated[list[TopicChoice], Field(max_length=_MOST_CHOICES)] | None = None
    promotions: Annotated[bool, Field(strict=True)] | None = Field(
        None, description="true: agrees to the words of `promotions.wording`; false: takes it back."
    )
    quiet_hours: QuietHoursBody | None = None


class TopicChoiceShape(Shape):
    topic: Topic
    channel: Channel
    enabled: bool
    locked: bool = Field(description="Cannot be switched off.")


class PromotionsShape(Shape):
    consented: bool
    since: datetime | None
    source: str | None
    wording: str


class QuietHoursShape(Shape):
    start: str
    end: str
    time_zone: str
    own: bool = Field(description="false: the shop's hours.")


class PreferencesShape(Shape):
    topics: list[TopicChoiceShape]
    promotions: PromotionsShape
    quiet_hours: QuietHoursShape


class PreferencesAnswer(Shape):
    preferences: PreferencesShape


def quiet_hours_of(body: ChangePreferences) -> QuietHours | None:
    """Return the hours that a body names."""
    told = body.quiet_hours
    if told is None:
        return None
    return QuietHours(_minute(told.start), _minute(told.end), ZoneInfo(told.time_zone))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def present_preferences(chosen: Preferences, *, zone: ZoneInfo) -> dict[str, object]:
    """Return a person's preferences with the defaults; `zone` is the shop's."""
    quiet = chosen.quiet or QuietHours(*SHOPS_QUIET, zone)
    consent = chosen.consent
    return {
        "topics": [
            {
                "topic": topic,
                "channel": channel,
                "enabled": (topic, channel) in LOCKED or chosen.enabled.get((topic, channel), True),
                "locked": (topic, channel) in LOCKED,
            }
            for topic in Topic
            for channel in Channel
        ],
        "promotions": {
            "consented": consent is not None,
            "since": None if consent is None else consent.given_at,
            "source": None if consent is None else consent.given_by,
            "wording": WORDING,
        },
        "quietHours": {
            "start": _text(quiet.starts_minute),
            "end": _text(quiet.ends_minute),
            "timeZone": quiet.zone.key,
            "own": chosen.quiet is not None,
        },
    }
