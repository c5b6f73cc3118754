"""FS coins: spent with an order, given back when it dies, earned when it is delivered.

Every function takes part in the caller's transaction, after the order's row is written or locked, and holds
the account's row before anything else: a journal line refers to it, so the other order could deadlock.
One coin is worth one cent.
"""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.rewards import queries
from faded_skies.domains.rewards.errors import InsufficientCoins
from faded_skies.domains.rewards.models import Account, Transaction
from faded_skies.platform.db import Database, Row, Tx

__all__ = [
    "balance_of",
    "credit",
    "forfeit",
    "get_account",
    "give_back",
    "grant",
    "held_on",
    "hold",
    "list_transactions",
    "reverse",
]


async def balance_of(source: Database | Tx, user_id: UUID) -> int:
    """Return the coins a person can spend now."""
    return await queries.find_balance(source, user_id)


async def get_account(source: Database | Tx, user_id: UUID) -> Account:
    """Return a person's balance, what is pending, and the number of changes."""
    return await queries.get_account(source, user_id)


async def list_transactions(
    source: Database | Tx, user_id: UUID, *, limit: int, offset: int
) -> list[Transaction]:
    """Return a page of a person's changes, the newest first."""
    return await queries.list_transactions(source, user_id, limit=limit, offset=offset)


async def hold(tx: Tx, *, user_id: UUID, order_id: UUID, coins: int) -> None:
    """Spend coins on an order, once. Raises InsufficientCoins when so many are not there."""
    if coins == 0:
        return
    if not await queries.take(tx, user_id, coins):
        raise InsufficientCoins
    written = await queries.enter(
        tx,
        user_id=user_id,
        kind="redeemed",
        amount=-coins,
        description="Spent on an order",
        order_id=order_id,
    )
    if not written:
        raise RuntimeError(f"order {order_id} holds coins already")


async def give_back(tx: Tx, *, order_id: UUID) -> int:
    """Return the coins that an order spent, once. Returns how many went back now."""
    spent = await queries.find_spent(tx, order_id)
    if spent is None:
        return 0
    user_id, coins = spent
    await queries.lock_account(tx, user_id)
    if not await queries.enter(
        tx,
        user_id=user_id,
        kind="returned",
        amount=coins,
        description="Back from an order",
        order_id=order_id,
    ):
        return 0
    await queries.add(tx, user_id, coins)
    return coins


async def credit(tx: Tx, *, user_id: UUID, order_id: UUID, points: int) -> None:
    """Credit what a delivered order earned, once."""
    if points <= 0:
        return
    await queries.lock_account(tx, user_id)
    if await queries.enter(
        tx,
        user_id=user_id,
        kind="earned",
        amount=points,
        description="Earned with an order",
        order_id=order_id,
    ):
        await queries.add(tx, user_id, points)


async def reverse(tx: Tx, *, user_id: UUID, order_id: UUID, points: int) -> int:
    """Take earned points back after a refund, as far as they are there; returns how many were.

    What is missing stands in the audit log.
    """
    taken = min(points, await queries.lock_account(tx, user_id))
    if taken > 0:
        await queries.take(tx, user_id, taken)
        await queries.enter(
            tx,
            user_id=user_id,
            kind="reversed",
            amount=-taken,
            description="Taken back after a refund",
            order_id=order_id,
        )
    if taken < points:
        tx.audit(
            "rewards.reversal_short",
            object_type="order",
            object_id=order_id,
            actor_id=None,
            userId=user_id,
            missing=points - taken,
        )
    return taken


async def grant(tx: Tx, *, user_id: UUID, coins: int, description: str) -> None:
    """Give a person coins, as a promotion or a favour."""
    await queries.lock_account(tx, user_id)
    await queries.add(tx, user_id, coins)
    await queries.enter(
        tx, user_id=user_id, kind="granted", amount=coins, description=description, order_id=None
    )


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return a person's ledger of coins."""
    return {"coins": queries.stream_transactions_of(tx, user_id)}


async def forfeit(tx: Tx, user_id: UUID) -> None:
    """Let the coins of somebody who left expire; the ledger stays."""
    coins = await queries.find_balance(tx, user_id)
    if coins == 0:
        return
    coins = await queries.lock_account(tx, user_id)
    if await queries.take(tx, user_id, coins):
        await queries.enter(
            tx,
            user_id=user_id,
            kind="expired",
            amount=-coins,
            description="Forfeited with the account",
            order_id=None,
        )
