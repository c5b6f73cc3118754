"""The books: every movement of money and coins as a balanced double entry, in its own transaction (ADR 18).

A fact is posted once; a second time is a mistake of ours, and the database refuses it with the whole transaction.
Balances are never kept, they are sums over the transfers.
"""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.ledger import queries
from faded_skies.domains.ledger.rules import TAXES, Account, Fact, Transfer, part, spread
from faded_skies.platform.db import Tx

__all__ = [
    "TAXES",
    "Account",
    "Fact",
    "Transfer",
    "held_for",
    "part",
    "post",
    "post_entry",
    "reverse",
    "total_of",
]


async def post(
    tx: Tx,
    fact: Fact,
    subject: UUID,
    *,
    debit: Account,
    credit: Account,
    amount_cents: int,
    order_id: UUID | None = None,
    party_id: UUID | None = None,
) -> None:
    """Post a movement between two accounts; nothing moves for zero cents.

    `party_id` says whose coins, drawer or tips they are.
    """
    await post_entry(
        tx,
        fact,
        subject,
        debits=[(debit, amount_cents)],
        credits=[(credit, amount_cents)],
        order_id=order_id,
        party_id=party_id,
    )


async def post_entry(
    tx: Tx,
    fact: Fact,
    subject: UUID,
    *,
    debits: Sequence[tuple[Account, int]],
    credits: Sequence[tuple[Account, int]],  # noqa: A002 - the field's word
    order_id: UUID | None = None,
    party_id: UUID | None = None,
) -> None:
    """Post an entry of several accounts. Raises ValueError unless both sides add up to the same."""
    transfers = spread(debits, credits)
    if transfers:
        await queries.post(
            tx, fact=fact, subject=subject, transfers=transfers, order_id=order_id, party_id=party_id
        )


async def reverse(tx: Tx, fact: Fact, subject: UUID, *, by: Fact) -> None:
    """Post the opposite of a fact, leg by leg, as another fact of the same subject."""
    await queries.reverse(tx, fact=fact, subject=subject, by=by)


async def total_of(tx: Tx, fact: Fact, *, order_id: UUID) -> int:
    """Return the cents that were posted of a fact for an order, over all its subjects."""
    return await queries.total_of(tx, fact, order_id)


async def held_for(tx: Tx, account: Account, *, order_id: UUID) -> int:
    """Return the cents that a liability's account holds for an order: credits less debits."""
    return await queries.held_for(tx, account, order_id)
