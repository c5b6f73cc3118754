"""SQL of what is held on a person, and of forgetting it."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.platform.db import Row, Tx

_HELD = {
    "analyticsConsents": """
SELECT wording, third_parties AS "thirdParties", given_at AS "givenAt", withdrawn_at AS "withdrawnAt"
FROM analytics_consents WHERE user_id = $1 ORDER BY given_at, id
""",
    "analyticsEvents": """
SELECT event, properties, occurred_at AS "occurredAt" FROM analytics_events WHERE user_id = $1 ORDER BY occurred_at, id
""",
}
_ERASE = (
    "DELETE FROM analytics_consents WHERE user_id = $1",
    "DELETE FROM analytics_events WHERE user_id = $1",
)

# What is being told goes as well: who tells it then finds nothing to tell again. Locked in the order of forwards.hold.
_TAKE_BACK = """
WITH mine AS (
    SELECT vendor, event_id FROM analytics_forwards
    WHERE subject = $1 AND (state = 'waiting' OR state = 'sending') ORDER BY vendor, event_id FOR UPDATE
)
DELETE FROM analytics_forwards f USING mine WHERE f.vendor = mine.vendor AND f.event_id = mine.event_id
"""
_TAKE_BACK_OF_VISITOR = _TAKE_BACK.replace(
    "WHERE subject = $1",
    "WHERE subject = $1 AND EXISTS (SELECT FROM analytics_events e WHERE e.id = event_id AND e.user_id IS NULL)",
)


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {name: tx.stream(statement, user_id) for name, statement in _HELD.items()}


async def erase(tx: Tx, user_id: UUID) -> None:
    """Forget consents and events; what waits for a vendor goes with its event."""
    for statement in _ERASE:
        await tx.execute(statement, user_id)


async def take_back(tx: Tx, user_id: UUID) -> None:
    """Forget what waits to be passed on of a person; what is on its way is not told another time."""
    await tx.execute(_TAKE_BACK, user_id)


async def take_back_of_visitor(tx: Tx, visitor_id: UUID) -> None:
    """As `take_back`, of somebody who did not sign in; the ids of persons are nobody's whom a visitor may name."""
    await tx.execute(_TAKE_BACK_OF_VISITOR, visitor_id)
