"""Hours in which nobody is advertised to: what comes then waits until they are over."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one local minute of the day until another, which may be that of the next day. Equal ones: none at all."""

    starts_minute: int
    ends_minute: int
    zone: ZoneInfo


def quiet_until(hours: QuietHours, now: datetime) -> datetime | None:
    """Return when the quiet hours that it is in are over (UTC), None outside of them.

    Local times decide, also in the nights in which the clock is changed; an end that the clock leaves out comes as
    long after the jump.
    """
    local = now.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute
    starts, ends = hours.starts_minute, hours.ends_minute
    over_midnight = starts > ends
    quiet = (minute >= starts or minute < ends) if over_midnight else starts <= minute < ends
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and minute >= starts else 0)
    hour, rest = divmod(ends, 60)
    over = datetime(day.year, day.month, day.day, hour, rest, tzinfo=hours.zone)
    return max(over.astimezone(UTC), now.astimezone(UTC) + timedelta(minutes=1))
