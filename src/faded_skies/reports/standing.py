"""How the shop stands right now, for whoever watches it: counts of what waits, and of the last hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.platform import backup
from faded_skies.platform.db import Database
from faded_skies.reports.proving import PROVED

_WINDOW = timedelta(hours=1)

_REPORTS = """
SELECT state, count(*)::int AS reports, (count(*) FILTER (WHERE due_at < $1))::int AS late
FROM trace_reports WHERE state IN ('waiting', 'sending', 'rejected') GROUP BY state
"""
_MESSAGES = """
SELECT channel,
       CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN failed_at IS NOT NULL THEN 'failed'
            WHEN dropped_at IS NOT NULL THEN 'dropped' ELSE 'waiting' END AS outcome,
       count(*)::int AS messages
FROM messages WHERE created_at >= $1 GROUP BY 1, 2
"""
_DELAYED = """
SELECT channel, count(*)::int AS messages FROM messages WHERE next_try_at IS NOT NULL GROUP BY channel
"""
# Ids begin with the moment they were made at, so their index finds the last hour's.
_PAYMENTS = """
SELECT gateway, status, count(*)::int AS payments FROM payment_intents WHERE id >= $1 GROUP BY 1, 2
"""
_PAPERS = """
SELECT count(*)::int AS waiting, coalesce(extract(epoch FROM $1 - min(created_at)), 0)::float8 AS oldest
FROM id_verifications WHERE status = 'processing'
"""
# The newest of each, by the index on actions.
_LAST = """
SELECT action, last.seconds, last.wrong FROM unnest($1::text[]) AS asked (action) CROSS JOIN LATERAL (
    SELECT extract(epoch FROM now() - recorded_at)::float8 AS seconds, (details->>'wrong')::int AS wrong
    FROM audit_log WHERE audit_log.action = asked.action ORDER BY seq DESC LIMIT 1
) last
"""


@dataclass(frozen=True)
class Proof:
    """How long ago something was last proved in whole, and how many things were wrong."""

    name: str
    seconds: float
    wrong: int


@dataclass(frozen=True)
class Standing:
    """Reports to the state by state, and how many are late; messages and payments of the last hour; papers to look at.

    `messages` is by channel and outcome, `delayed` by channel what is tried again, `payments` by gateway and status.
    `backup_seconds` is how long ago the last backup was finished, None where none ever was.
    """

    reports: Sequence[tuple[str, int]]
    late_reports: int
    messages: Sequence[tuple[str, str, int]]
    delayed: Sequence[tuple[str, int]]
    payments: Sequence[tuple[str, str, int]]
    papers_waiting: int
    papers_oldest_seconds: float
    backup_seconds: float | None
    proofs: Sequence[Proof]


async def read_standing(db: Database, *, now: datetime) -> Standing:
    """Return how the shop stands."""
    since = now - _WINDOW
    reports = await db.fetch(_REPORTS, now)
    messages = await db.fetch(_MESSAGES, since)
    delayed = await db.fetch(_DELAYED)
    payments = await db.fetch(_PAYMENTS, _first_id_of(since))
    papers = (await db.fetch(_PAPERS, now))[0]
    last = {row["action"]: row for row in await db.fetch(_LAST, [backup.TAKEN, *PROVED])}
    return Standing(
        reports=[(row["state"], row["reports"]) for row in reports],
        late_reports=sum(row["late"] for row in reports),
        messages=[(row["channel"], row["outcome"], row["messages"]) for row in messages],
        delayed=[(row["channel"], row["messages"]) for row in delayed],
        payments=[(row["gateway"], row["status"], row["payments"]) for row in payments],
        papers_waiting=papers["waiting"],
        papers_oldest_seconds=papers["oldest"],
        backup_seconds=last[backup.TAKEN]["seconds"] if backup.TAKEN in last else None,
        proofs=[
            Proof(name, last[action]["seconds"], last[action]["wrong"])
            for action, name in PROVED.items()
            if action in last
        ],
    )


def _first_id_of(moment: datetime) -> UUID:
    return UUID(int=int(moment.timestamp() * 1000) << 80)
