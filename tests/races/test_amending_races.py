"""Changing an order while it is packed, cancelled, answered or proposed again: who holds the order first wins, once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest

from factories.catalog import make_product
from factories.lots import receive_lot, scan
from factories.shop import stock_of
from factories.trade import JSON, Trade, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.orders import service as orders
from faded_skies.platform import clock
from faded_skies.reports.verifying import verify

Drain = Callable[[], Awaitable[None]]
ROUNDS = 6


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


@pytest.fixture
async def haze(trade: Trade) -> UUID:
    return await make_product(trade.db, "Haze", price_cents=1200, net_weight_mg=100, stock=100)


def one(haze: UUID, quantity: int = 1) -> JSON:
    return {"lines": [{"productId": str(haze), "quantity": quantity}]}


async def propose(trade: Trade, order: JSON, body: JSON) -> httpx.Response:
    url = f"/api/admin/orders/{order['id']}/amendments"
    return await trade.client.post(
        url, json=body | {"reason": "Broken.", "restock": True}, headers=trade.admin.headers
    )


async def accept(trade: Trade, amendment: JSON) -> httpx.Response:
    url = f"/api/orders/{amendment['orderId']}/amendments/{amendment['id']}/accept"
    return await trade.client.post(url, headers=trade.shopper.headers)


async def cancel(trade: Trade, order: JSON) -> httpx.Response:
    return await trade.client.post(f"/api/orders/{order['id']}/cancel", headers=trade.shopper.headers)


async def end_packing(trade: Trade, order: JSON) -> None:
    async with trade.db.transaction() as tx:
        held = await orders.lock_order(tx, UUID(order["id"]))
        await tx.execute("UPDATE orders SET packed_at = now() WHERE id = $1", held.id)
        await orders.close_amendments(tx, held, actor_id=trade.admin.id)


async def status_of(trade: Trade, order: JSON) -> str:
    found: str = await trade.db.fetchval(
        "SELECT status FROM order_amendments WHERE order_id = $1", UUID(order["id"])
    )
    return found


async def check(trade: Trade, drain: Drain, haze: UUID) -> None:
    """The books agree, and what is missing from the shelf is what live orders hold."""
    await drain()
    assert [str(found) async for verdict in verify(trade.db) for found in verdict.shown] == []
    held = await trade.db.fetchval(
        "SELECT coalesce(sum(i.quantity), 0) FROM order_items i JOIN orders o ON o.id = i.order_id "
        "WHERE o.status <> 'cancelled'"
    )
    assert await stock_of(trade.app, haze) == 100 - held


async def test_accepted_many_times_is_done_once(trade: Trade, haze: UUID, drain: Drain) -> None:
    order = await trade.order((haze, 3))
    amendment = (await propose(trade, order, one(haze))).json()["amendment"]
    answers = await asyncio.gather(*(accept(trade, amendment) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    await check(trade, drain, haze)
    assert await trade.db.fetchval("SELECT count(*) FROM refunds") == 1
    assert (await trade.look(order))["payment"]["refundedAmount"] == 29.58


async def test_proposed_twice_at_once_is_one_proposal(trade: Trade, haze: UUID) -> None:
    order = await trade.order((haze, 3))
    answers = await asyncio.gather(*(propose(trade, order, one(haze)) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert await trade.db.fetchval("SELECT count(*) FROM order_amendments") == 1


async def test_own_changes_at_once_each_settle_what_is_left(trade: Trade, haze: UUID, drain: Drain) -> None:
    order = await trade.order((haze, 5))
    url = f"/api/orders/{order['id']}/amend"
    answers = await asyncio.gather(
        *(
            trade.client.post(url, json=one(haze, quantity), headers=trade.shopper.headers)
            for quantity in (1, 2, 3, 4)
        )
    )
    # One that comes while the difference of another is being charged is told to wait.
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    await check(trade, drain, haze)
    settled = (await trade.look(order))["payment"]
    assert round(settled["amountPaid"] - settled["refundedAmount"], 2) == settled["amountDue"]


@pytest.mark.parametrize("tender", ["card", "cash"])
async def test_accepting_against_cancelling(trade: Trade, haze: UUID, drain: Drain, tender: str) -> None:
    seen: Counter[tuple[int, str]] = Counter()
    for _ in range(ROUNDS):
        order = await trade.order((haze, 3), tender=tender)
        amendment = (await propose(trade, order, one(haze))).json()["amendment"]
        accepted, cancelled = await asyncio.gather(accept(trade, amendment), cancel(trade, order))
        assert cancelled.status_code == 200, cancelled.text
        seen[accepted.status_code, await status_of(trade, order)] += 1
    assert set(seen) <= {(200, "applied"), (409, "closed")}
    await check(trade, drain, haze)
    assert await stock_of(trade.app, haze) == 100


async def test_accepting_against_the_end_of_packing(trade: Trade, haze: UUID, drain: Drain) -> None:
    for _ in range(ROUNDS):
        order = await trade.order((haze, 3))
        amendment = (await propose(trade, order, one(haze))).json()["amendment"]
        accepted, _ = await asyncio.gather(accept(trade, amendment), end_packing(trade, order))
        quantity = (await trade.look(order))["items"][0]["quantity"]
        ended = (accepted.status_code, await status_of(trade, order), quantity)
        assert ended in {(200, "applied", 1), (409, "closed", 3)}
    await check(trade, drain, haze)


async def test_accepting_against_departure_withdrawal_and_expiry(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    async def depart(order: JSON) -> None:
        assert (await trade.pick_up(order)).status_code == 200

    async def withdraw(order: JSON) -> None:
        amendment_id = await trade.db.fetchval(
            "SELECT id FROM order_amendments WHERE order_id = $1", UUID(order["id"])
        )
        url = f"/api/admin/orders/{order['id']}/amendments/{amendment_id}"
        assert (await trade.client.delete(url, headers=trade.admin.headers)).status_code in {204, 409}

    async def expire(_: JSON) -> None:
        await orders.expire_amendments(trade.db, now=clock.now().replace(year=2099))

    for act, ending in ((depart, "closed"), (withdraw, "withdrawn"), (expire, "expired")):
        for _ in range(ROUNDS // 2):
            order = await trade.order((haze, 2))
            await trade.pack(order)
            amendment = (await propose(trade, order, one(haze))).json()["amendment"]
            accepted, _ = await asyncio.gather(accept(trade, amendment), act(order))
            quantity = (await trade.look(order))["items"][0]["quantity"]
            ended = (accepted.status_code, await status_of(trade, order), quantity)
            assert ended in {(200, "applied", 1), (409, ending, 2)}
    await check(trade, drain, haze)


async def test_a_limit_holds_over_changes_and_orders_at_once(trade: Trade, drain: Drain) -> None:
    """Two cash orders grow, and a third is placed, each by an ounce of which the law allows two and a half."""
    ounce = await make_product(trade.db, "Ounce", price_cents=2000, net_weight_mg=28_000, stock=50)
    paper = await make_product(trade.db, "Papers", price_cents=2000, product_class="accessory", stock=50)
    placed = [await trade.order((paper, 1), tender="cash") for _ in range(4)]
    url = "/api/orders/{}/amend"
    await asyncio.gather(
        *(
            trade.client.post(url.format(order["id"]), json=one(ounce), headers=trade.shopper.headers)
            for order in placed
        ),
        trade.try_order((ounce, 1), tender="cash"),
    )
    bought = await trade.db.fetchval("SELECT sum(quantity) FROM order_items WHERE product_id = $1", ounce)
    assert bought == 2
    assert await stock_of(trade.app, ounce) == 48


async def test_a_dearer_change_accepted_many_times_is_charged_once(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1))
    amendment = (await propose(trade, order, one(haze, 3))).json()["amendment"]
    answers = await asyncio.gather(*(accept(trade, amendment) for _ in range(6)))
    # Who comes while it is charged takes the same charge up; who comes later is told that it is over.
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {answer.json()["amendment"]["status"] for answer in answers if answer.is_success} == {"applied"}
    await check(trade, drain, haze)
    assert await trade.db.fetchval("SELECT count(*) FROM sandbox.charges") == 2
    assert (await trade.look(order))["payment"]["amountPaid"] == 49.37


async def test_a_dearer_change_against_cancelling_and_the_end_of_packing(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    for act in (cancel, end_packing):
        for _ in range(ROUNDS):
            order = await trade.order((haze, 1))
            amendment = (await propose(trade, order, one(haze, 2))).json()["amendment"]
            accepted, _ = await asyncio.gather(accept(trade, amendment), act(trade, order))
            await drain()
            quantity = (await trade.look(order))["items"][0]["quantity"]
            ended = (accepted.status_code, await status_of(trade, order), quantity)
            assert ended in {(200, "applied", 2), (409, "closed", 1)}
            payment = (await trade.look(order))["payment"]
            kept = round(payment["amountPaid"] - payment["refundedAmount"], 2)
            assert kept == (0 if act is cancel else payment["amountDue"])
    await check(trade, drain, haze)
    gone = await trade.db.fetchval(
        "SELECT count(*) FROM payment_intents WHERE status = 'surplus' AND refunded_cents <> amount_cents"
    )
    assert gone == 0


async def test_a_change_against_packing_by_scan(trade: Trade, haze: UUID, drain: Drain) -> None:
    """Either it is changed and the scan of the old count is wrong, or it is packed and stays as it was."""
    lot = await receive_lot(trade, haze, 60)
    for _ in range(ROUNDS):
        order = await trade.order((haze, 3))
        await trade.pack(order)
        url = f"/api/orders/{order['id']}/amend"
        changed, packed = await asyncio.gather(
            trade.client.post(url, json=one(haze), headers=trade.shopper.headers),
            scan(trade, order, (lot, 3)),
        )
        quantity = (await trade.look(order))["items"][0]["quantity"]
        bound = await trade.db.fetchval(
            "SELECT coalesce(sum(quantity), 0)::int FROM order_packages WHERE order_id = $1",
            UUID(order["id"]),
        )
        ended = (changed.status_code, packed.is_success, quantity, bound)
        assert ended in {(200, False, 1, 0), (409, True, 3, 3)}, (changed.text, packed.text)
    await drain()
    assert [str(found) async for verdict in verify(trade.db) for found in verdict.shown] == []
