"""Coins: spent, given back, earned, taken back; never twice, never below zero."""

import asyncio
from uuid import UUID

import pytest

from factories.identity import make_person
from factories.payments import bare_order, keep_cash
from faded_skies.bootstrap import Application
from faded_skies.domains.rewards import service
from faded_skies.domains.rewards.errors import InsufficientCoins
from faded_skies.platform.db import Database


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


async def changes(db: Database, person: UUID) -> list[tuple[str, int]]:
    found = await service.list_transactions(db, person, limit=100, offset=0)
    return [(change.type, change.amount) for change in reversed(found)]


async def test_who_never_had_coins_has_none(db: Database, person: UUID) -> None:
    assert await service.balance_of(db, person) == 0
    with pytest.raises(InsufficientCoins) as refused:
        await hold(db, person, await order_of(db, person), 1)
    assert refused.value.facts == {"declineCode": "insufficient_coins"}
    assert await changes(db, person) == []


async def test_coins_are_spent_and_given_back_once(db: Database, person: UUID) -> None:
    await grant(db, person, 500)
    order_id = await order_of(db, person)
    await hold(db, person, order_id, 300)
    assert await service.balance_of(db, person) == 200
    returned = []
    for _ in range(3):
        async with db.transaction() as tx:
            returned.append(await service.give_back(tx, order_id=order_id))
    assert returned == [300, 0, 0]
    assert await service.balance_of(db, person) == 500
    assert await changes(db, person) == [("granted", 500), ("redeemed", -300), ("returned", 300)]


async def test_two_spends_of_the_last_coins_have_one_winner(db: Database, person: UUID) -> None:
    await grant(db, person, 100)
    orders = [await order_of(db, person) for _ in range(8)]
    tries = await asyncio.gather(*(hold(db, person, one, 100) for one in orders), return_exceptions=True)
    assert tries.count(None) == 1
    assert sum(isinstance(one, InsufficientCoins) for one in tries) == 7
    assert await service.balance_of(db, person) == 0
    assert await changes(db, person) == [("granted", 100), ("redeemed", -100)]


async def test_giving_back_at_once_from_two_sides_gives_once(db: Database, person: UUID) -> None:
    await grant(db, person, 100)
    order_id = await order_of(db, person)
    await hold(db, person, order_id, 100)

    async def give_back() -> int:
        async with db.transaction() as tx:
            return await service.give_back(tx, order_id=order_id)

    assert sorted(await asyncio.gather(*(give_back() for _ in range(5)))) == [0, 0, 0, 0, 100]
    assert await service.balance_of(db, person) == 100


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


async def test_points_are_taken_back_as_far_as_they_are_there(db: Database, person: UUID) -> None:
    await grant(db, person, 10)
    order_id = await order_of(db, person)
    async with db.transaction() as tx:
        assert await service.reverse(tx, user_id=person, order_id=order_id, points=4) == 4
    async with db.transaction() as tx:
        assert await service.reverse(tx, user_id=person, order_id=order_id, points=20) == 6
    async with db.transaction() as tx:
        assert await service.reverse(tx, user_id=person, order_id=order_id, points=1) == 0
    assert await changes(db, person) == [("granted", 10), ("reversed", -4), ("reversed", -6)]
    short = await db.fetch(
        "SELECT details->'missing' AS missing FROM audit_log WHERE action LIKE 'rewards.%' ORDER BY seq"
    )
    assert [row["missing"] for row in short] == [14, 1]


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
                await service.give_back(tx, order_id=order_id)
            else:
                await service.credit(tx, user_id=person, order_id=order_id, points=24)
                await service.reverse(tx, user_id=person, order_id=order_id, points=5)

    await asyncio.gather(*(live(one, number) for number, one in enumerate(orders)))
    balance = await service.balance_of(db, person)
    assert balance >= 0
    assert balance == sum(amount for _, amount in await changes(db, person))
