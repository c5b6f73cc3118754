"""What was refused, by day and reason: by the law, at the door, by banks."""

from dataclasses import dataclass
from datetime import date

from faded_skies.platform.db import Database
from faded_skies.reports.days import Span

_REFUSALS = """
SELECT (at AT TIME ZONE $3)::date AS day, kind, reason, count(*)::int AS count FROM (
    SELECT d.decided_at AS at, 'law_' || d.stage AS kind, one ->> 'rule' AS reason
    FROM rule_decisions d CROSS JOIN LATERAL jsonb_array_elements(d.decisions) AS one
    WHERE d.outcome <> 'allow' AND one ->> 'outcome' <> 'allow' AND d.decided_at >= $1 AND d.decided_at < $2
    UNION ALL
    SELECT at, 'door', coalesce(code, 'without_code') FROM stop_log WHERE kind = 'returned' AND at >= $1 AND at < $2
    UNION ALL
    -- The attempt that was refused is the last one before; it forgets the bank's word when it is given up.
    SELECT t.created_at, 'payment', coalesce((
        SELECT i.decline_code FROM payment_intents i
        WHERE i.order_id = t.order_id AND i.created_at <= t.created_at ORDER BY i.created_at DESC LIMIT 1
    ), 'without_code')
    FROM order_tracking t WHERE t.status = 'payment_failed' AND t.created_at >= $1 AND t.created_at < $2
) refused GROUP BY 1, 2, 3 ORDER BY 1, 2, 4 DESC, 3
"""


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often something was refused on a day: `law_order`, `law_departure`, `law_handover`, `door` or `payment`.

    `reason` is the rule, the driver's code, or the bank's word while the attempt is not given up.
    """

    day: date
    kind: str
    reason: str
    count: int


async def refusals(db: Database, days: Span) -> list[Refusals]:
    """Return what was refused, by day; an order that two rules refuse counts for each."""
    rows = await db.fetch(_REFUSALS, days.begins, days.ends, days.zone.key)
    return [Refusals(**dict(row)) for row in rows]
