"""Coins: spent, given back, earned, taken back; never twice, never below zero."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from factories.identity import make_person
from factories.payments import bare_order, keep_cash
from factories.shop import open_shop
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.rewards import service
from faded_skies.domains.rewards.errors import InsufficientCoins
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


@pytest.fixture
async def person(app: Application) -> UUID:
    return await make_person(app)


async def order_of(db: Database, person: UUID) -> UUID:
    return await bare_order(db, await keep_cash(db, person))


async def grant(db: Database, person: UUID, coins: int) -> None:
    async with db.transaction() as tx:
        await service.grant(tx, user_id=person, coins=coins, description="A welcome")


async def hold(db: Database, person: UUID, order_id: UUID, coins: int) -> None:
    async with db.transaction() as tx:
        await service.hold(tx, user_id=person, order_id=order_id, coins=coins)


async def give_back(db: Database, person: UUID, order_id: UUID, coins: int) -> None:
    async with db.transaction() as tx:
        await service.give_back(
            tx, user_id=person, order_id=order_id, coins=coins, debits=[(Account.DEPOSITS, coins)]
        )


async def reverse(db: Database, person: UUID, order_id: UUID, points: int) -> int:
    async with db.transaction() as tx:
        return await service.reverse(tx, user_id=person, order_id=order_id, refund_id=new_id(), points=points)


async def in_the_books(db: Database, person: UUID, account: Account) -> int:
    """What an account holds of a person, by the ledger alone."""
    cents: int = await db.fetchval(
        """
        SELECT coalesce(sum(CASE WHEN credit = $2 THEN amount_cents ELSE -amount_cents END), 0)::int
        FROM ledger_transfers WHERE party_id = $1 AND (credit = $2 OR debit = $2)
        """,
        person,
        account,
    )
    return cents if not account.grows_by_debit else -cents


async def debt_of(db: Database, person: UUID) -> int:
    return (await service.get_account(db, person)).debt


async def grow_old(db: Database, days: int) -> None:
    await db.fetch(
        "UPDATE rewards_transactions SET expires_at = expires_at - make_interval(days => $1)", days
    )


async def changes(db: Database, person: UUID) -> list[tuple[str, int]]:
    found = await service.list_transactions(db, person, limit=100, offset=0)
    return [(change.type, change.amount) for change in reversed(found)]


async def test_who_never_had_coins_has_none(db: Database, person: UUID) -> None:
    assert await service.balance_of(db, person) == 0
    with pytest.raises(InsufficientCoins) as refused:
        await hold(db, person, await order_of(db, person), 1)
    assert refused.value.facts == {"declineCode": "insufficient_coins"}
    assert await changes(db, person) == []


async def test_coins_are_spent_and_given_back_in_parts(db: Database, person: UUID) -> None:
    await grant(db, person, 500)
    order_id = await order_of(db, person)
    await hold(db, person, order_id, 300)
    assert await service.balance_of(db, person) == 200
    for coins in (100, 0, 200):
        await give_back(db, person, order_id, coins)
    assert await service.balance_of(db, person) == 500
    assert await changes(db, person) == [
        ("granted", 500),
        ("redeemed", -300),
        ("returned", 100),
        ("returned", 200),
    ]


async def test_two_spends_of_the_last_coins_have_one_winner(db: Database, person: UUID) -> None:
    await grant(db, person, 100)
    orders = [await order_of(db, person) for _ in range(8)]
    tries = await asyncio.gather(*(hold(db, person, one, 100) for one in orders), return_exceptions=True)
    assert tries.count(None) == 1
    assert sum(isinstance(one, InsufficientCoins) for one in tries) == 7
    assert await service.balance_of(db, person) == 0
    assert await changes(db, person) == [("granted", 100), ("redeemed", -100)]


async def test_an_order_cannot_hold_coins_twice(db: Database, person: UUID) -> None:
    await grant(db, person, 100)
    order_id = await order_of(db, person)
    await hold(db, person, order_id, 40)
    with pytest.raises(RuntimeError):
        await hold(db, person, order_id, 40)
    assert await service.balance_of(db, person) == 60


async def test_points_are_credited_once_and_nothing_for_nothing(db: Database, person: UUID) -> None:
    order_id = await order_of(db, person)

    async def credit(points: int) -> None:
        async with db.transaction() as tx:
            await service.credit(tx, user_id=person, order_id=order_id, points=points)

    await credit(0)
    assert await changes(db, person) == []
    await asyncio.gather(*(credit(24) for _ in range(4)))
    assert await service.balance_of(db, person) == 24
    assert await changes(db, person) == [("earned", 24)]


async def test_points_that_were_spent_already_become_a_debt_that_the_next_ones_pay(
    db: Database, person: UUID
) -> None:
    await grant(db, person, 10)
    order_id, later, last = [await order_of(db, person) for _ in range(3)]
    assert await reverse(db, person, order_id, 4) == 4
    assert await reverse(db, person, order_id, 20) == 6
    assert await reverse(db, person, order_id, 1) == 0
    assert await changes(db, person) == [("granted", 10), ("reversed", -4), ("reversed", -6)]
    assert (await service.balance_of(db, person), await debt_of(db, person)) == (0, 15)
    assert await in_the_books(db, person, Account.COIN_DEBTS) == 15
    for order, points in ((later, 12), (last, 5)):
        async with db.transaction() as tx:
            await service.credit(tx, user_id=person, order_id=order, points=points)
    assert (await changes(db, person))[3:] == [
        ("earned", 12),
        ("reversed", -12),
        ("earned", 5),
        ("reversed", -3),
    ]
    assert (await service.balance_of(db, person), await debt_of(db, person)) == (2, 0)
    assert await in_the_books(db, person, Account.COINS) == 2
    assert await in_the_books(db, person, Account.COIN_DEBTS) == 0


async def test_what_somebody_owes_is_forgotten_when_they_leave(db: Database, person: UUID) -> None:
    assert await reverse(db, person, await order_of(db, person), 7) == 0
    async with db.transaction() as tx:
        await service.forfeit(tx, person)
    assert (await service.balance_of(db, person), await debt_of(db, person)) == (0, 0)
    assert await in_the_books(db, person, Account.COIN_DEBTS) == 0


async def test_coins_expire_after_a_year_and_those_spent_were_the_oldest(
    app: Application, db: Database, person: UUID
) -> None:
    await open_shop(app)
    await grant(db, person, 100)
    await grow_old(db, 300)
    await grant(db, person, 50)
    await hold(db, person, await order_of(db, person), 30)
    assert await service.expire(db, now=clock.now()) == 0
    assert await service.expire(db, now=clock.now() + timedelta(days=66)) == 1
    assert await service.balance_of(db, person) == 50
    assert (await changes(db, person))[-1] == ("expired", -70)
    assert await service.expire(db, now=clock.now() + timedelta(days=66)) == 0
    assert await service.expire(db, now=clock.now() + timedelta(days=366)) == 1
    assert await service.balance_of(db, person) == await in_the_books(db, person, Account.COINS) == 0


async def test_coins_of_a_shop_that_says_so_never_expire(
    app: Application, db: Database, person: UUID
) -> None:
    await open_shop(app)
    await db.fetch("UPDATE shop SET coins_expire_days = NULL")
    await grant(db, person, 100)
    assert await service.expire(db, now=clock.now() + timedelta(days=36_500)) == 0
    assert await service.balance_of(db, person) == 100


async def test_expiring_while_spending_leaves_nothing_below_zero(
    app: Application, db: Database, person: UUID
) -> None:
    await open_shop(app)
    await grant(db, person, 100)
    orders = [await order_of(db, person) for _ in range(4)]
    await asyncio.gather(
        *(hold(db, person, one, 30) for one in orders),
        *(service.expire(db, now=clock.now() + timedelta(days=400)) for _ in range(4)),
        return_exceptions=True,
    )
    balance = await service.balance_of(db, person)
    assert balance == sum(amount for _, amount in await changes(db, person))
    assert balance == await in_the_books(db, person, Account.COINS) >= 0


async def test_the_balance_is_always_the_sum_of_its_changes(db: Database, person: UUID) -> None:
    await grant(db, person, 250)
    orders = [await order_of(db, person) for _ in range(6)]

    async def live(order_id: UUID, number: int) -> None:
        try:
            await hold(db, person, order_id, 70)
        except InsufficientCoins:
            return
        async with db.transaction() as tx:
            if number % 2:
                await service.give_back(
                    tx, user_id=person, order_id=order_id, coins=70, debits=[(Account.DEPOSITS, 70)]
                )
            else:
                await service.credit(tx, user_id=person, order_id=order_id, points=24)
                await service.reverse(tx, user_id=person, order_id=order_id, refund_id=new_id(), points=5)

    await asyncio.gather(*(live(one, number) for number, one in enumerate(orders)))
    balance = await service.balance_of(db, person)
    assert balance >= 0
    assert balance == sum(amount for _, amount in await changes(db, person))
    assert balance == await in_the_books(db, person, Account.COINS)
