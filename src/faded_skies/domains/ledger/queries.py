"""SQL of the books."""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.ledger.rules import Account, Fact, Transfer
from faded_skies.platform.db import Tx
from faded_skies.platform.ids import new_id

_POST = """
INSERT INTO ledger_transfers (id, kind, subject, leg, debit, credit, amount_cents, order_id, party_id)
SELECT t.id, $1, $2, t.leg, t.debit, t.credit, t.amount, $3, $4
FROM unnest($5::uuid[], $6::text[], $7::text[], $8::int[]) WITH ORDINALITY AS t (id, debit, credit, amount, leg)
"""
_REVERSE = """
INSERT INTO ledger_transfers (id, kind, subject, leg, debit, credit, amount_cents, order_id, party_id)
SELECT gen_random_uuid(), $3, subject, leg, credit, debit, amount_cents, order_id, party_id
FROM ledger_transfers WHERE kind = $1 AND subject = $2
"""
_TOTAL = "SELECT coalesce(sum(amount_cents), 0)::int FROM ledger_transfers WHERE kind = $1 AND order_id = $2"

_HELD_FOR = """
SELECT coalesce(sum(CASE WHEN credit = $1 THEN amount_cents ELSE -amount_cents END), 0)::int
FROM ledger_transfers WHERE order_id = $2 AND $1 IN (debit, credit)
"""


async def post(
    tx: Tx,
    *,
    fact: Fact,
    subject: UUID,
    transfers: Sequence[Transfer],
    order_id: UUID | None,
    party_id: UUID | None,
) -> None:
    await tx.execute(
        _POST,
        fact,
        subject,
        order_id,
        party_id,
        [new_id() for _ in transfers],
        [transfer.debit for transfer in transfers],
        [transfer.credit for transfer in transfers],
        [transfer.amount_cents for transfer in transfers],
    )


async def reverse(tx: Tx, *, fact: Fact, subject: UUID, by: Fact) -> None:
    await tx.execute(_REVERSE, fact, subject, by)


async def total_of(tx: Tx, fact: Fact, order_id: UUID) -> int:
    return int(await tx.fetchval(_TOTAL, fact, order_id))


async def held_for(tx: Tx, account: Account, order_id: UUID) -> int:
    return int(await tx.fetchval(_HELD_FOR, account, order_id))
