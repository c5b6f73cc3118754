"""What time it is: aware datetimes in UTC. Rules take the time as a value; only edges ask."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
