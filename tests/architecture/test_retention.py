"""No table grows without end unsaid: each is forgotten by a job that exists, or kept for a reason."""

from datetime import UTC, datetime, timedelta

from faded_skies import registry, retention
from faded_skies.bootstrap import Application
from faded_skies.domains.notifications import service as notifications
from faded_skies.platform import inbox
from faded_skies.platform.db import Database
from faded_skies.platform.ids import lowest_id, new_id
from faded_skies.platform.retention import BATCH, Pruned, in_batches

_TABLES = """
SELECT c.relname::text AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
_DELIVERY = """
INSERT INTO webhook_events (id, source, external_id, kind, payload, received_at, handled_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $2::text[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::timestamptz[])
"""
_MESSAGE = """
INSERT INTO messages (id, channel, kind, fact, content, created_at, sent_at)
SELECT id, 'email', 'test', id::text, '{}', now(), sent_at
FROM unnest($1::uuid[], $2::timestamptz[]) AS new (id, sent_at)
"""


async def test_every_table_is_pruned_by_a_job_or_kept_for_a_reason(app: Application, db: Database) -> None:
    found = {row["name"] for row in await db.fetch(_TABLES)}
    assert found == retention.TABLES.keys()
    jobs = {periodic.job for periodic in registry.periodic(app.ports)}
    assert {one.job for one in retention.TABLES.values() if isinstance(one, Pruned)} - jobs == set()


async def test_old_deliveries_and_messages_are_forgotten_by_age_and_only_when_over(db: Database) -> None:
    now = datetime.now(UTC)
    ages = [timedelta(days=days) for days in (800, 799, 30, 29)]
    places = [("old", True), ("old", False), ("young", True), ("young", False)]
    ids = {place: lowest_id(now - age) for place, age in zip(places, ages, strict=True)}
    over = [now if done else None for _, done in ids]
    names = [str(value) for value in ids.values()]
    async with db.transaction() as tx:
        await tx.execute(_DELIVERY, list(ids.values()), names, [{}] * len(ids), [now] * len(ids), over)
        await tx.execute(_MESSAGE, list(ids.values()), over)
    left = {value for place, value in ids.items() if place != ("old", True)}
    assert await in_batches(db, lambda tx: inbox.forget(tx, now=now)) == 1
    assert {row["id"] for row in await db.fetch("SELECT id FROM webhook_events")} == left
    assert await in_batches(db, lambda tx: notifications.forget_messages(tx, now=now)) == 1
    assert {row["id"] for row in await db.fetch("SELECT id FROM messages")} == left


async def test_batches_go_on_until_one_is_not_full(db: Database) -> None:
    waiting = [BATCH, BATCH, 3]

    async def forget(_: object) -> int:
        return waiting.pop(0)

    assert await in_batches(db, forget) == 2 * BATCH + 3
    assert waiting == []


def test_the_lowest_id_of_a_moment_is_before_those_made_from_then_on() -> None:
    before = lowest_id(datetime.now(UTC))
    assert before < new_id()
    assert lowest_id(datetime.now(UTC) + timedelta(seconds=1)) > new_id()
