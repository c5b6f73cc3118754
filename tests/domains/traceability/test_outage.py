"""Reports that piled up in two days without the system are told in order, none of them twice, whatever gets lost.

Fifteen hundred are enough to show it; ten thousand, and how long they take, are `python -m benchmarks --metrc`.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from factories.tracing import metrc_of
from faded_skies.bootstrap import Application
from faded_skies.domains.traceability import service
from faded_skies.domains.traceability.service import Sender
from faded_skies.platform.db import Database
from peers.metrc import Fault, MetrcPeer

BEGIN = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
RECEIPTS, LANES, STEPS = 600, 300, 3
TAGS = [f"1A4060300002EE10000001{place:02}" for place in range(20)]

# Sales by themselves, and packages whose three adjustments must be told in their order; all over two days.
_FILL = """
INSERT INTO trace_reports (
    id, lane, sequence, step, external_number, payload, happened_at, warn_at, due_at, created_at, next_try_at
)
SELECT gen_random_uuid(), lane, sequence, step, prefix || '-' || lpad(n::text, 8, '0') || '-' || sequence,
    jsonb_build_object('at', at, 'destroyed', false, 'reason', NULL, 'note', NULL, 'on', '2026-11-27', 'goods',
        jsonb_build_array(jsonb_build_object('name', 'Haze', 'tag', ($3::text[])[1 + n % 20], 'quantity', '1',
            'unit', 'Each', 'price_cents', 4000))),
    at, at, at + interval '1 day', at, $1::timestamptz
FROM (
    SELECT md5('r' || n)::uuid AS lane, 1 AS sequence, 'receipt' AS step, 'RC' AS prefix, n,
           $1::timestamptz + n * interval '4 minutes' AS at
    FROM generate_series(1, $2::int) n
    UNION ALL
    SELECT md5('a' || n)::uuid, s, 'package_adjust', 'PA', n,
           $1::timestamptz + n * interval '9 minutes' + s * interval '1 minute'
    FROM generate_series(1, $4::int) n, generate_series(1, $5::int) s
) made
"""


async def test_two_days_without_the_system(app: Application, db: Database) -> None:
    peer = MetrcPeer(now=lambda: now)
    now = BEGIN
    for tag in TAGS:
        peer.stock(tag, 100_000)
    await db.fetch(_FILL, BEGIN, RECEIPTS, TAGS, LANES, STEPS)
    async with metrc_of(peer) as system:
        sender = Sender(db, system, app.ports.keyring)
        peer.down = True
        for minutes in [*range(120), *range(120, 2820, 60), *range(2820, 2881)]:
            now = BEGIN + timedelta(minutes=minutes)
            await service.send_next(sender, now=now)
        assert await states(db) == {"waiting": RECEIPTS + LANES * STEPS}
        assert len(peer.asked) < 300

        peer.down = False
        recovered, chance = now, Random(21)
        faults: list[Fault] = ["forget", "drop", "500 after", "503", "429"]
        while await db.fetchval("SELECT count(*) FROM trace_reports WHERE state <> 'sent'"):
            now += timedelta(milliseconds=200)
            if peer.told and chance.random() < 0.05:
                peer.faults = [chance.choice(faults)]
            if await service.send_next(sender, now=now) == 0:
                now += timedelta(seconds=1)
            if not peer.told:
                assert now - recovered <= timedelta(seconds=61)
        peer.faults.clear()
    assert await states(db) == {"sent": RECEIPTS + LANES * STEPS}
    numbers = Counter(receipt["ExternalReceiptNumber"] for receipt in peer.receipts.values())
    assert (len(numbers), set(numbers.values())) == (RECEIPTS, {1})
    notes = [one["AdjustmentNote"] for one in peer.adjustments]
    assert (len(notes), len(set(notes))) == (LANES * STEPS, LANES * STEPS)
    steps: dict[str, list[str]] = {}
    for note in notes:
        number = note.removeprefix("Ref PA-").partition(".")[0]
        lane, _, step = number.partition("-")
        steps.setdefault(lane, []).append(step)
    assert set(map(tuple, steps.values())) == {("1", "2", "3")}


async def states(db: Database) -> dict[str, int]:
    rows = await db.fetch("SELECT state, count(*) AS n FROM trace_reports GROUP BY state")
    return {row["state"]: row["n"] for row in rows}
