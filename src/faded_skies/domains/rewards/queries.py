"""SQL of coin accounts."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.rewards.models import Account, Transaction, TransactionType
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_BALANCE = "SELECT balance FROM rewards_accounts WHERE user_id = $1"
# Points are whole dollars of money paid, without the tip (contract §4), of orders on their way.
_ACCOUNT = """
SELECT coalesce((SELECT balance FROM rewards_accounts WHERE user_id = $1), 0) AS balance,
       coalesce((
           SELECT sum(greatest(amount_due_cents - tip_cents, 0) / 100) FROM orders
           WHERE user_id = $1 AND status IN ('confirmed', 'preparing', 'out_for_delivery')
       ), 0)::int AS pending,
       (SELECT count(*) FROM rewards_transactions WHERE user_id = $1)::int AS changes
"""
_LIST = """
SELECT id, type, amount, description, order_id, created_at FROM rewards_transactions
WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3
"""
_TAKE = "UPDATE rewards_accounts SET balance = balance - $2 WHERE user_id = $1 AND balance >= $2"
_ADD = "UPDATE rewards_accounts SET balance = balance + $2 WHERE user_id = $1"
# Opens the account where there is none, and holds its row either way.
_LOCK_ACCOUNT = """
INSERT INTO rewards_accounts (user_id) VALUES ($1)
ON CONFLICT (user_id) DO UPDATE SET balance = rewards_accounts.balance
RETURNING balance
"""
_ENTER = """
INSERT INTO rewards_transactions (id, user_id, type, amount, description, order_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (order_id, type) WHERE type IN ('earned', 'redeemed', 'returned') DO NOTHING
"""
_FIND_SPENT = """
SELECT user_id, -amount AS coins FROM rewards_transactions WHERE order_id = $1 AND type = 'redeemed'
"""


async def find_balance(source: Database | Tx, user_id: UUID) -> int:
    """Return the coins of a person, 0 for one who never had any."""
    return int(await source.fetchval(_BALANCE, user_id) or 0)


async def get_account(source: Database | Tx, user_id: UUID) -> Account:
    row = await source.fetchrow(_ACCOUNT, user_id)
    assert row is not None  # noqa: S101 - a SELECT of expressions always gives a row
    return Account(**dict(row))


async def list_transactions(
    source: Database | Tx, user_id: UUID, *, limit: int, offset: int
) -> list[Transaction]:
    return [Transaction(**dict(row)) for row in await source.fetch(_LIST, user_id, limit, offset)]


async def take(tx: Tx, user_id: UUID, coins: int) -> bool:
    """Take coins; False when so many are not there."""
    return await tx.execute(_TAKE, user_id, coins) == 1


async def add(tx: Tx, user_id: UUID, coins: int) -> None:
    await tx.execute(_ADD, user_id, coins)


async def lock_account(tx: Tx, user_id: UUID) -> int:
    """Hold a person's account, opened where there was none, and return its coins."""
    return int(await tx.fetchval(_LOCK_ACCOUNT, user_id))


async def enter(
    tx: Tx, *, user_id: UUID, kind: TransactionType, amount: int, description: str, order_id: UUID | None
) -> bool:
    """Write a change down; False when the order had this change before."""
    return await tx.execute(_ENTER, new_id(), user_id, kind, amount, description, order_id) == 1


async def find_spent(tx: Tx, order_id: UUID) -> tuple[UUID, int] | None:
    """Return whose coins an order took, and how many."""
    row = await tx.fetchrow(_FIND_SPENT, order_id)
    return (row["user_id"], row["coins"]) if row else None


_HELD = """
SELECT id, type, amount, description, order_id AS "orderId", created_at AS "createdAt"
FROM rewards_transactions WHERE user_id = $1 ORDER BY created_at, id
"""


def stream_transactions_of(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD, user_id)
