"""From looking to buying: how many people and visitors did each step, of those who agreed to be counted."""

from dataclasses import dataclass, field
from datetime import date

from faded_skies.platform.db import Database
from faded_skies.reports.days import Span

STEPS = ("page_view", "view_item", "add_to_cart", "begin_checkout", "purchase")
"""Names of GA4's recommended events; apps tell them, but the purchase."""

_STEPS = """
SELECT (occurred_at AT TIME ZONE $3)::date AS day, event,
       count(DISTINCT coalesce(user_id, visitor_id, id))::int AS visitors
FROM analytics_events WHERE event = ANY($4::text[]) AND occurred_at >= $1 AND occurred_at < $2
GROUP BY GROUPING SETS ((1, 2), (2))
"""


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many did each step on a day, or in all days where `day` is None. Who comes twice counts once.

    A device and an account are never brought together: who looks as a visitor and then signs in is one of each.
    """

    day: date | None
    visitors: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STEPS, 0))


async def funnel(db: Database, days: Span) -> tuple[list[Funnel], Funnel]:
    """Return each day on which something was counted, and all of them together."""
    found: dict[date | None, Funnel] = {}
    for row in await db.fetch(_STEPS, days.begins, days.ends, days.zone.key, list(STEPS)):
        found.setdefault(row["day"], Funnel(row["day"])).visitors[row["event"]] = row["visitors"]
    total = found.pop(None, Funnel(None))
    return [found[day] for day in sorted(day for day in found if day is not None)], total
