"""FS coins: spent with an order, given back when it dies, earned when it is delivered.

Every function takes part in the caller's transaction, after the order's row is written or locked, and holds
the account's row before anything else: a journal line refers to it, so the other order could deadlock.
One coin is worth one cent.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.ledger import service as ledger
from faded_skies.domains.ledger.service import Account, Fact
from faded_skies.domains.rewards import queries
from faded_skies.domains.rewards.errors import InsufficientCoins
from faded_skies.domains.rewards.models import Holding, Transaction, TransactionType
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

__all__ = [
    "balance_of",
    "credit",
    "expire",
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


async def get_account(source: Database | Tx, user_id: UUID) -> Holding:
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
    entered = await queries.enter(
        tx,
        user_id=user_id,
        kind="redeemed",
        amount=-coins,
        description="Spent on an order",
        order_id=order_id,
    )
    if entered is None:
        raise RuntimeError(f"order {order_id} holds coins already")
    await ledger.post(
        tx,
        Fact.COINS_HELD,
        entered,
        debit=Account.COINS,
        credit=Account.DEPOSITS,
        amount_cents=coins,
        order_id=order_id,
        party_id=user_id,
    )


async def give_back(
    tx: Tx, *, user_id: UUID, order_id: UUID, coins: int, debits: Sequence[tuple[Account, int]]
) -> None:
    """Return coins that an order spent, taken from the accounts of the books that `debits` names.

    The caller holds the order and bounds what goes back of it.
    """
    if coins == 0:
        return
    await queries.lock_account(tx, user_id)
    entered = await _enter(
        tx,
        user_id=user_id,
        kind="returned",
        amount=coins,
        description="Back from an order",
        order_id=order_id,
    )
    await queries.change(tx, user_id, balance=coins)
    await ledger.post_entry(
        tx,
        Fact.COINS_RETURNED,
        entered,
        debits=debits,
        credits=[(Account.COINS, coins)],
        order_id=order_id,
        party_id=user_id,
    )


async def credit(tx: Tx, *, user_id: UUID, order_id: UUID, points: int) -> None:
    """Credit what a delivered order earned, once; a debt is paid of it first."""
    if points <= 0:
        return
    _, debt = await queries.lock_account(tx, user_id)
    entered = await queries.enter(
        tx,
        user_id=user_id,
        kind="earned",
        amount=points,
        description="Earned with an order",
        order_id=order_id,
    )
    if entered is None:
        return
    await queries.change(tx, user_id, balance=points)
    await ledger.post(
        tx,
        Fact.COINS_EARNED,
        entered,
        debit=Account.COIN_REWARDS,
        credit=Account.COINS,
        amount_cents=points,
        order_id=order_id,
        party_id=user_id,
    )
    if debt:
        await _settle_debt(tx, user_id=user_id, order_id=order_id, coins=min(debt, points))


async def _settle_debt(tx: Tx, *, user_id: UUID, order_id: UUID, coins: int) -> None:
    entered = await _enter(
        tx,
        user_id=user_id,
        kind="reversed",
        amount=-coins,
        description="Paid what was owed from a refunded order",
        order_id=order_id,
    )
    await queries.change(tx, user_id, balance=-coins, debt=-coins)
    await ledger.post(
        tx,
        Fact.DEBT_SETTLED,
        entered,
        debit=Account.COINS,
        credit=Account.COIN_DEBTS,
        amount_cents=coins,
        party_id=user_id,
    )


async def reverse(tx: Tx, *, user_id: UUID, order_id: UUID, refund_id: UUID, points: int) -> int:
    """Take earned points back after a refund and return how many were there; the rest becomes a debt."""
    balance, _ = await queries.lock_account(tx, user_id)
    taken = min(points, balance)
    missing = points - taken
    if taken:
        await _enter(
            tx,
            user_id=user_id,
            kind="reversed",
            amount=-taken,
            description="Taken back after a refund",
            order_id=order_id,
        )
    await queries.change(tx, user_id, balance=-taken, debt=missing)
    await ledger.post_entry(
        tx,
        Fact.COINS_REVERSED,
        refund_id,
        debits=[(Account.COINS, taken), (Account.COIN_DEBTS, missing)],
        credits=[(Account.COIN_REWARDS, points)],
        order_id=order_id,
        party_id=user_id,
    )
    return taken


async def grant(tx: Tx, *, user_id: UUID, coins: int, description: str, actor_id: UUID | None = None) -> None:
    """Give a person coins, as a promotion or a favour."""
    await queries.lock_account(tx, user_id)
    entered = await _enter(
        tx, user_id=user_id, kind="granted", amount=coins, description=description, order_id=None
    )
    await queries.change(tx, user_id, balance=coins)
    await ledger.post(
        tx,
        Fact.COINS_GRANTED,
        entered,
        debit=Account.GOODWILL,
        credit=Account.COINS,
        amount_cents=coins,
        party_id=user_id,
    )
    tx.audit(
        "coins.granted",
        object_type="user",
        object_id=user_id,
        actor_id=actor_id,
        coins=coins,
        reason=description,
    )


async def expire(db: Database, *, now: datetime) -> int:
    """Let the coins expire whose day has come, each person in a transaction of their own; return how many persons."""
    due = await queries.list_expired(db, now)
    for user_id in due:
        async with db.transaction() as tx:
            await queries.lock_account(tx, user_id)
            coins = await queries.find_expired(tx, now, user_id)
            await _let_expire(tx, user_id, coins, description="Expired")
    return len(due)


async def _let_expire(tx: Tx, user_id: UUID, coins: int, *, description: str) -> None:
    if coins == 0:
        return
    entered = await _enter(
        tx, user_id=user_id, kind="expired", amount=-coins, description=description, order_id=None
    )
    await queries.change(tx, user_id, balance=-coins)
    await ledger.post(
        tx,
        Fact.COINS_EXPIRED,
        entered,
        debit=Account.COINS,
        credit=Account.COIN_BREAKAGE,
        amount_cents=coins,
        party_id=user_id,
    )


async def _enter(
    tx: Tx, *, user_id: UUID, kind: TransactionType, amount: int, description: str, order_id: UUID | None
) -> UUID:
    entered = await queries.enter(
        tx, user_id=user_id, kind=kind, amount=amount, description=description, order_id=order_id
    )
    assert entered is not None  # noqa: S101 - only what an order earns and spends is written once
    return entered


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return a person's ledger of coins."""
    return {"coins": queries.stream_transactions_of(tx, user_id)}


async def forfeit(tx: Tx, user_id: UUID) -> None:
    """Let the coins of somebody who left expire, and forget what they owe; the ledger stays."""
    if await queries.find_account(tx, user_id) == (0, 0):
        return
    coins, debt = await queries.lock_account(tx, user_id)
    await _let_expire(tx, user_id, coins, description="Forfeited with the account")
    if debt:
        await queries.change(tx, user_id, balance=0, debt=-debt)
        await ledger.post(
            tx,
            Fact.DEBT_WRITTEN_OFF,
            new_id(),
            debit=Account.GOODWILL,
            credit=Account.COIN_DEBTS,
            amount_cents=debt,
            party_id=user_id,
        )
