"""The day's close, for the shop and for each driver; and what was collected of each tax. From the books alone.

Only the counts of cancelled and returned orders, and what drivers counted, stand elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from faded_skies.domains.ledger.service import TAXES, Account, Fact
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.money import to_dollars
from faded_skies.reports.books import Moved, moved, net
from faded_skies.reports.days import Span

_DELIVERED = """
SELECT count(DISTINCT subject)::int FROM ledger_transfers WHERE kind = 'sale' AND posted_at >= $1 AND posted_at < $2
"""
_ENDED = """
SELECT status, count(*)::int AS orders FROM (
    SELECT order_id, status, min(created_at) AS at FROM order_tracking WHERE status IN ('cancelled', 'returned')
    GROUP BY order_id, status
) ended WHERE at >= $1 AND at < $2 GROUP BY status
"""
_DRIVERS = """
WITH posted AS (
    SELECT t.party_id AS driver_id,
           count(DISTINCT t.subject) FILTER (WHERE t.kind = 'sale') AS deliveries,
           sum(t.amount_cents) FILTER (WHERE t.kind = 'cash_taken') AS cash,
           sum(t.amount_cents) FILTER (WHERE t.kind = 'sale' AND t.credit = 'tips') AS tips
    FROM ledger_transfers t
    WHERE t.posted_at >= $1 AND t.posted_at < $2 AND t.kind IN ('sale', 'cash_taken') AND t.party_id IS NOT NULL
    GROUP BY t.party_id
), counted AS (
    SELECT driver_id, sum(float_cents) AS float, sum(collected_cents) AS collected, sum(counted_cents) AS counted,
           sum(received_cents) AS received,
           sum(received_cents - float_cents - collected_cents) AS difference,
           array_agg(status ORDER BY opened_at) AS statuses
    FROM cash_drawers WHERE opened_at >= $1 AND opened_at < $2 GROUP BY driver_id
)
SELECT u.id, split_part(u.full_name, ' ', 1) AS first_name, coalesce(p.deliveries, 0)::int AS deliveries,
       coalesce(p.cash, 0)::int AS cash, coalesce(p.tips, 0)::int AS tips, c.float::int, c.collected::int,
       c.counted::int, c.received::int, c.difference::int, coalesce(c.statuses, '{}') AS statuses
FROM posted p FULL JOIN counted c USING (driver_id) JOIN users u ON u.id = coalesce(p.driver_id, c.driver_id)
ORDER BY first_name, u.id
"""
_TAXES = """
SELECT (posted_at AT TIME ZONE $3)::date AS day, account AS kind, sum(collected)::bigint AS collected,
       sum(returned)::bigint AS returned
FROM (
    SELECT posted_at, credit AS account, CASE WHEN kind = 'sale' THEN amount_cents ELSE 0 END AS collected,
           CASE WHEN kind = 'sale' THEN 0 ELSE -amount_cents END AS returned
    FROM ledger_transfers WHERE posted_at >= $1 AND posted_at < $2 AND credit LIKE 'tax\\_%'
    UNION ALL
    SELECT posted_at, debit, 0, amount_cents
    FROM ledger_transfers WHERE posted_at >= $1 AND posted_at < $2 AND debit LIKE 'tax\\_%'
) moved GROUP BY 1, 2 ORDER BY 1, 2
"""
_STEPS = """
SELECT step->>'name' AS name, step->>'kind' AS kind, (step->>'rate')::float8 AS rate,
       round(sum((step->>'base')::numeric) * 100)::bigint AS base,
       round(sum((step->>'amount')::numeric) * 100)::bigint AS amount
FROM orders o CROSS JOIN LATERAL jsonb_array_elements(o.taxes->'breakdown') AS step
WHERE o.id IN (
    SELECT subject FROM ledger_transfers WHERE kind = 'sale' AND posted_at >= $1 AND posted_at < $2
)
GROUP BY 1, 2, 3 ORDER BY 2, 1, 3
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One sum of the close, under its heading."""

    section: str
    name: str
    cents: int


@dataclass(frozen=True, slots=True)
class DriversDay:
    """What a driver brought and took; the drawer's figures are None without one. `statuses` of their drawers."""

    id: Any
    first_name: str
    deliveries: int
    cash: int
    tips: int
    float: int | None
    collected: int | None
    counted: int | None
    received: int | None
    difference: int | None
    statuses: Sequence[str]


@dataclass(frozen=True, slots=True)
class DayClose:
    """The close of one local day."""

    day: date
    delivered: int
    returned: int
    cancelled: int
    lines: list[Line]
    drivers: list[DriversDay]


@dataclass(frozen=True, slots=True)
class TaxOfDay:
    """What was collected of a kind of tax on a day, and what returns took back of it."""

    day: date
    kind: str
    collected_cents: int
    returned_cents: int


@dataclass(frozen=True, slots=True)
class TaxStep:
    """One tax of the orders delivered in some days, before returns: its base and its amount."""

    name: str
    kind: str
    rate: float
    base_cents: int
    amount_cents: int


async def close_day(db: Database, day: Span) -> DayClose:
    """Return the close of a day. Before the day is over it says what has happened so far."""
    async with db.snapshot() as tx:
        moves = await moved(tx, day)
        delivered = await tx.fetchval(_DELIVERED, day.begins, day.ends)
        ended = {row["status"]: row["orders"] for row in await tx.fetch(_ENDED, day.begins, day.ends)}
        drivers = await _drivers(tx, day)
    return DayClose(
        day=day.first,
        delivered=delivered,
        returned=ended.get("returned", 0),
        cancelled=ended.get("cancelled", 0),
        lines=[*_sales(moves), *_tenders(moves), *_coins(moves), *_costs(moves)],
        drivers=drivers,
    )


async def _drivers(tx: Tx, day: Span) -> list[DriversDay]:
    return [DriversDay(**dict(row)) for row in await tx.fetch(_DRIVERS, day.begins, day.ends)]


def _sales(moves: Sequence[Moved]) -> list[Line]:
    return [
        Line("sales", "goods", net(moves, Account.SALES)),
        Line("sales", "goodsReturned", net(moves, Account.SALES_RETURNS)),
        Line("sales", "allowances", net(moves, Account.ALLOWANCES)),
        Line("sales", "deliveryFees", net(moves, Account.DELIVERY_FEES)),
        Line("sales", "tips", net(moves, Account.TIPS)),
        *(Line("taxes", kind, net(moves, account)) for kind, account in TAXES.items()),
    ]


def _tenders(moves: Sequence[Moved]) -> list[Line]:
    paid_back = _of(moves, Fact.REFUND_PAID, credit=Account.GATEWAY)
    bounced = _of(moves, Fact.REFUND_BOUNCED, debit=Account.GATEWAY)
    return [
        Line("tenders", "cardCharged", _of(moves, Fact.CHARGE)),
        Line("tenders", "cardRefunded", paid_back - bounced),
        Line("tenders", "cashTaken", _of(moves, Fact.CASH_TAKEN)),
        Line("tenders", "cashRefunded", _of(moves, Fact.REFUND_PAID, credit=Account.SAFE)),
        Line("tenders", "coinsSpent", _of(moves, Fact.COINS_HELD)),
        Line("tenders", "coinsReturned", _of(moves, Fact.COINS_RETURNED)),
    ]


def _coins(moves: Sequence[Moved]) -> list[Line]:
    return [
        Line("coins", "earned", _of(moves, Fact.COINS_EARNED)),
        Line("coins", "granted", _of(moves, Fact.COINS_GRANTED)),
        Line("coins", "reversed", _of(moves, Fact.COINS_REVERSED)),
        Line("coins", "expired", _of(moves, Fact.COINS_EXPIRED)),
    ]


def _costs(moves: Sequence[Moved]) -> list[Line]:
    return [
        Line("costs", "processingFees", net(moves, Account.PROCESSING_FEES)),
        Line("costs", "disputesWithdrawn", _of(moves, Fact.DISPUTE_WITHDRAWN)),
        Line("costs", "disputesReinstated", _of(moves, Fact.DISPUTE_REINSTATED)),
        Line("costs", "disputesLost", _of(moves, Fact.DISPUTE_LOST)),
        Line("costs", "cashOverShort", net(moves, Account.CASH_OVER_SHORT)),
    ]


def _of(
    moves: Sequence[Moved], fact: Fact, *, debit: Account | None = None, credit: Account | None = None
) -> int:
    return sum(
        move.cents
        for move in moves
        if move.kind == fact and debit in {None, move.debit} and credit in {None, move.credit}
    )


async def taxes(db: Database, days: Span) -> tuple[list[TaxOfDay], list[TaxStep]]:
    """Return each kind of tax by day, and each tax of the orders delivered, with its base."""
    async with db.snapshot() as tx:
        by_day = await tx.fetch(_TAXES, days.begins, days.ends, days.zone.key)
        steps = await tx.fetch(_STEPS, days.begins, days.ends)
    return (
        [
            TaxOfDay(row["day"], row["kind"].removeprefix("tax_"), row["collected"], row["returned"])
            for row in by_day
        ],
        [TaxStep(row["name"], row["kind"], row["rate"], row["base"], row["amount"]) for row in steps],
    )


def dollars(cents: int | None) -> float | None:
    """Return an amount as JSON and CSV have it, None where there is none."""
    return None if cents is None else to_dollars(cents)
