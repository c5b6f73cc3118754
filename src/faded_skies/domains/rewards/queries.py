"""SQL of coin accounts."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from faded_skies.domains.rewards.models import Holding, Transaction, TransactionType
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_BALANCE = "SELECT balance FROM rewards_accounts WHERE user_id = $1"
# Points are whole dollars of money paid, without the tip (contract §4), of orders on their way.
_ACCOUNT = """
SELECT coalesce((SELECT balance FROM rewards_accounts WHERE user_id = $1), 0) AS balance,
       coalesce((SELECT debt FROM rewards_accounts WHERE user_id = $1), 0) AS debt,
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
_COINS_AND_DEBT = "SELECT balance, debt FROM rewards_accounts WHERE user_id = $1"
_TAKE = "UPDATE rewards_accounts SET balance = balance - $2 WHERE user_id = $1 AND balance >= $2"
_CHANGE = "UPDATE rewards_accounts SET balance = balance + $2, debt = debt + $3 WHERE user_id = $1"
# Opens the account where there is none, and holds its row either way.
_LOCK_ACCOUNT = """
INSERT INTO rewards_accounts (user_id) VALUES ($1)
ON CONFLICT (user_id) DO UPDATE SET balance = rewards_accounts.balance
RETURNING balance, debt
"""
# How long coins are good is the shop's; a coin that never expires has no day.
_ENTER = """
INSERT INTO rewards_transactions (id, user_id, type, amount, description, order_id, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $3 IN ('earned', 'granted') THEN
    now() + make_interval(days => (SELECT coins_expire_days FROM shop))
END)
ON CONFLICT (order_id, type) WHERE type IN ('earned', 'redeemed') DO NOTHING
RETURNING id
"""
# Whatever left an account took the coins that expire first, so of those whose day has come what never left is over.
_EXPIRED = """
SELECT t.user_id, greatest(0,
    coalesce(sum(t.amount) FILTER (WHERE t.expires_at <= $1), 0)
    + coalesce(sum(t.amount) FILTER (WHERE t.type NOT IN ('earned', 'granted')), 0)
)::int AS coins
FROM rewards_transactions t JOIN rewards_accounts a USING (user_id)
WHERE a.balance > 0 AND ($2::uuid IS NULL OR t.user_id = $2)
GROUP BY t.user_id
HAVING coalesce(sum(t.amount) FILTER (WHERE t.expires_at <= $1), 0)
    + coalesce(sum(t.amount) FILTER (WHERE t.type NOT IN ('earned', 'granted')), 0) > 0
"""


async def find_balance(source: Database | Tx, user_id: UUID) -> int:
    """Return the coins of a person, 0 for one who never had any."""
    return int(await source.fetchval(_BALANCE, user_id) or 0)


async def find_account(tx: Tx, user_id: UUID) -> tuple[int, int]:
    """Return a person's coins and debt, without holding the account."""
    row = await tx.fetchrow(_COINS_AND_DEBT, user_id)
    return (0, 0) if row is None else (row["balance"], row["debt"])


async def get_account(source: Database | Tx, user_id: UUID) -> Holding:
    row = await source.fetchrow(_ACCOUNT, user_id)
    assert row is not None  # noqa: S101 - a SELECT of expressions always gives a row
    return Holding(**dict(row))


async def list_transactions(
    source: Database | Tx, user_id: UUID, *, limit: int, offset: int
) -> list[Transaction]:
    return [Transaction(**dict(row)) for row in await source.fetch(_LIST, user_id, limit, offset)]


async def take(tx: Tx, user_id: UUID, coins: int) -> bool:
    """Take coins; False when so many are not there."""
    return await tx.execute(_TAKE, user_id, coins) == 1


async def change(tx: Tx, user_id: UUID, *, balance: int, debt: int = 0) -> None:
    """Add to what is there and to what is owed; the caller holds the account."""
    await tx.execute(_CHANGE, user_id, balance, debt)


async def lock_account(tx: Tx, user_id: UUID) -> tuple[int, int]:
    """Hold a person's account, opened where there was none, and return its coins and its debt."""
    row = await tx.fetchrow(_LOCK_ACCOUNT, user_id)
    assert row is not None  # noqa: S101 - the statement inserts or updates one row
    return row["balance"], row["debt"]


async def enter(
    tx: Tx, *, user_id: UUID, kind: TransactionType, amount: int, description: str, order_id: UUID | None
) -> UUID | None:
    """Write a change down and return its id; None when the order had this change before."""
    entered: UUID | None = await tx.fetchval(_ENTER, new_id(), user_id, kind, amount, description, order_id)
    return entered


async def list_expired(db: Database, now: datetime) -> list[UUID]:
    """Return who has coins whose day has come."""
    return [row["user_id"] for row in await db.fetch(_EXPIRED, now, None)]


async def find_expired(tx: Tx, now: datetime, user_id: UUID) -> int:
    """Return how many of a person's coins are over."""
    row = await tx.fetchrow(_EXPIRED, now, user_id)
    return 0 if row is None else int(row["coins"])


_HELD = """
SELECT id, type, amount, description, order_id AS "orderId", created_at AS "createdAt",
       expires_at AS "expiresAt"
FROM rewards_transactions WHERE user_id = $1 ORDER BY created_at, id
"""


def stream_transactions_of(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD, user_id)
