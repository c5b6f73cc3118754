"""SQL of decisions, acknowledgements and the files behind them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from faded_skies.domains.compliance.models import Acknowledgement, DecisionRecord
from faded_skies.platform.db import Database, Row, Tx

_KEEP_FILES = """
INSERT INTO rule_files (digest, jurisdiction, files) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING
"""
_ACKNOWLEDGED = """
SELECT rule, fingerprint, operator, acknowledged_at FROM rule_acknowledgements WHERE jurisdiction = $1
"""
_ACKNOWLEDGE = """
INSERT INTO rule_acknowledgements (jurisdiction, rule, fingerprint, operator, actor_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (jurisdiction, rule, fingerprint) DO NOTHING
"""
_KEEP = """
INSERT INTO rule_decisions (id, stage, user_id, order_id, trip_id, jurisdiction, rules_hash, outcome, decisions)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

_DECISIONS_OF = """
SELECT d.id, d.stage, o.order_number AS "orderNumber", d.outcome, d.decisions, d.decided_at AS "decidedAt"
FROM rule_decisions d LEFT JOIN orders o ON o.id = d.order_id WHERE d.user_id = $1 ORDER BY d.decided_at, d.id
"""
_ASKED_ABOUT = "($1::uuid IS NULL OR order_id = $1) AND ($2::uuid IS NULL OR trip_id = $2)"
_COUNT_DECISIONS = f"SELECT count(*) FROM rule_decisions WHERE {_ASKED_ABOUT}"
_DECISIONS = f"""
SELECT id, stage, user_id, order_id, trip_id, rules_hash, outcome, decisions, decided_at,
       count(*) OVER ()::int AS total
FROM rule_decisions
WHERE {_ASKED_ABOUT}
ORDER BY decided_at DESC, id DESC LIMIT $3 OFFSET $4
"""


def stream_decisions_of(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_DECISIONS_OF, user_id)


async def list_decisions(
    db: Database, *, order_id: UUID | None, trip_id: UUID | None, limit: int, offset: int
) -> tuple[list[DecisionRecord], int]:
    """Return a page, the newest first, and how many there are."""
    rows = [dict(row) for row in await db.fetch(_DECISIONS, order_id, trip_id, limit, offset)]
    total = rows[0]["total"] if rows else await db.fetchval(_COUNT_DECISIONS, order_id, trip_id)
    for row in rows:
        del row["total"]
    return [DecisionRecord(**row) for row in rows], total


async def insert_files(tx: Tx, digest: str, jurisdiction: str, files: Mapping[str, str]) -> None:
    await tx.execute(_KEEP_FILES, digest, jurisdiction, dict(files))


async def list_acknowledgements(source: Database | Tx, jurisdiction: str) -> list[Acknowledgement]:
    rows = await source.fetch(_ACKNOWLEDGED, jurisdiction)
    return [
        Acknowledgement(row["rule"], row["fingerprint"], row["operator"], row["acknowledged_at"])
        for row in rows
    ]


async def insert_acknowledgement(
    tx: Tx, jurisdiction: str, rule: str, fingerprint: str, *, operator: str, actor_id: UUID | None
) -> bool:
    """Keep an acknowledgement; False when there is one already."""
    return bool(await tx.execute(_ACKNOWLEDGE, jurisdiction, rule, fingerprint, operator, actor_id))


async def insert_decisions(
    tx: Tx,
    decision_id: UUID,
    *,
    stage: str,
    user_id: UUID | None,
    order_id: UUID | None,
    trip_id: UUID | None,
    jurisdiction: str,
    rules_hash: str,
    outcome: str,
    decisions: Sequence[Mapping[str, Any]],
) -> None:
    await tx.execute(
        _KEEP,
        decision_id,
        stage,
        user_id,
        order_id,
        trip_id,
        jurisdiction,
        rules_hash,
        outcome,
        list(decisions),
    )
