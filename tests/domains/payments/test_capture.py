"""Money that is authorised with the order and taken before the driver leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest

from factories.payments import card_gateway, deliver_webhooks, only, sandbox_world
from factories.shop import give_coins
from factories.trade import Trade, balances, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.payments import jobs
from faded_skies.platform.settings import Settings
from faded_skies.reports.verifying import verify

Drain = Callable[[], Awaitable[None]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"payment_capture": "departure"})


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client, "pm_card_mastercard", "pm_card_authenticationRequired")


async def external_id_of(trade: Trade) -> str:
    external_id: str = await trade.db.fetchval(
        "SELECT external_id FROM payment_intents WHERE status = 'authorized'"
    )
    return external_id


async def test_an_order_is_confirmed_by_authorised_money_that_is_taken_at_the_pick_up(
    trade: Trade, haze: UUID
) -> None:
    order = await trade.order((haze, 1))
    assert (order["status"], order["payment"]["status"]) == ("confirmed", "authorized")
    assert order["payment"]["amountPaid"] == 0
    assert await balances(trade.db) == {}
    await trade.pack(order)
    picked = await trade.pick_up(order)
    assert picked.status_code == 200, picked.text
    told = picked.json()["order"]
    assert (told["status"], told["payment"]["status"]) == ("out_for_delivery", "paid")
    assert told["payment"]["amountPaid"] == order["totalAmount"]
    assert (await balances(trade.db, order_id=order["id"]))[Account.DEPOSITS] == 5430
    assert (await trade.hand_over(order)).status_code == 200


async def test_picking_up_at_once_from_two_phones_takes_the_money_once(trade: Trade, haze: UUID) -> None:
    order = await trade.order((haze, 1))
    await trade.pack(order)
    answers = await asyncio.gather(*(trade.pick_up(order) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await balances(trade.db, order_id=order["id"]))[Account.DEPOSITS] == 5430
    assert await trade.db.fetchval("SELECT count(*) FROM sandbox.charges WHERE status = 'succeeded'") == 1


async def test_what_is_not_packed_is_not_charged(trade: Trade, haze: UUID) -> None:
    order = await trade.order((haze, 1))
    assert (await trade.pick_up(order)).status_code == 404
    stranger = await trade.order((haze, 1))
    await trade.pack(stranger)
    assert (await trade.pick_up(order)).status_code == 404
    assert await trade.db.fetchval("SELECT count(*) FROM sandbox.charges WHERE status = 'succeeded'") == 0


async def test_cancelling_releases_the_money_and_none_ever_moved(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1))
    url = f"/api/orders/{order['id']}/cancel"
    assert (await trade.client.post(url, headers=trade.shopper.headers)).status_code == 200
    await drain()
    assert await trade.db.fetchval("SELECT status FROM sandbox.charges") == "cancelled"
    assert await trade.db.fetchval("SELECT status FROM payment_intents") == "cancelled"
    assert (await trade.look(order))["payment"]["status"] == "cancelled"
    assert await balances(trade.db) == {}


async def test_money_that_the_bank_let_go_keeps_the_order_in_the_shop_until_it_is_paid_another_way(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1))
    await trade.pack(order)
    await sandbox_world(trade.app).let_authorization_expire(await external_id_of(trade))
    refused = await trade.pick_up(order)
    assert (refused.status_code, refused.json()["code"]) == (402, "PAYMENT_FAILED")
    assert (await trade.pick_up(order)).status_code == 402
    looked = await trade.look(order)
    assert (looked["status"], looked["payment"]["status"]) == ("preparing", "failed")
    paid = await trade.client.post(
        f"/api/orders/{order['id']}/confirm-payment",
        json={"paymentMethodId": str(trade.shopper.methods["pm_card_mastercard"])},
        headers=trade.shopper.headers,
    )
    assert paid.status_code == 200, paid.text
    assert paid.json()["order"]["payment"]["status"] == "authorized"
    assert (await trade.pick_up(order)).status_code == 200
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    assert (await trade.look(order))["payment"]["status"] == "paid"
    assert (await balances(trade.db, order_id=order["id"]))[Account.DEPOSITS] == 5430


async def test_such_an_order_may_also_be_paid_in_cash(trade: Trade, haze: UUID) -> None:
    order = await trade.order((haze, 1))
    await trade.pack(order)
    await sandbox_world(trade.app).let_authorization_expire(await external_id_of(trade))
    assert (await trade.pick_up(order)).status_code == 402
    url = f"/api/orders/{order['id']}/confirm-payment"
    body = {"paymentMethodId": str(trade.shopper.methods["cash"])}
    assert (await trade.client.post(url, json=body, headers=trade.shopper.headers)).status_code == 200
    assert (await trade.pick_up(order)).status_code == 200
    assert (await trade.hand_over(order, cash=60)).json()["change"] == 5.7


async def test_the_bank_tells_of_it_by_a_delivery_too(trade: Trade, haze: UUID, drain: Drain) -> None:
    order = await trade.order((haze, 1))
    await sandbox_world(trade.app).let_authorization_expire(await external_id_of(trade))
    assert await deliver_webhooks(trade.app, trade.client) == 2
    await drain()
    looked = await trade.look(order)
    assert (looked["status"], looked["payment"]["status"]) == ("confirmed", "failed")
    story = (
        await trade.client.get(f"/api/orders/{order['id']}/tracking", headers=trade.shopper.headers)
    ).json()["tracking"]
    assert story[-1]["message"] == "Your bank has not paid. Please pay another way."


async def test_after_the_banks_extra_step_the_money_is_authorised(trade: Trade, haze: UUID) -> None:
    order = await trade.order((haze, 1), tender="pm_card_authenticationRequired")
    assert order["status"] == "pending"
    gateway = card_gateway(trade.app)
    [charge] = await trade.db.fetch("SELECT id, client_secret FROM sandbox.charges")
    await gateway.authenticate(charge["id"], charge["client_secret"], passed=True)  # type: ignore[attr-defined]  # the sandbox's
    url = f"/api/orders/{order['id']}/confirm-payment"
    answer = (await trade.client.post(url, headers=trade.shopper.headers)).json()
    assert (answer["order"]["status"], answer["payment"]["status"]) == ("confirmed", "authorized")


async def test_an_authorisation_that_comes_for_a_dead_order_is_released(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1), tender="pm_card_authenticationRequired")
    gateway = card_gateway(trade.app)
    [charge] = await trade.db.fetch("SELECT id, client_secret FROM sandbox.charges")
    await gateway.authenticate(charge["id"], charge["client_secret"], passed=True)  # type: ignore[attr-defined]  # the sandbox's
    url = f"/api/orders/{order['id']}/cancel"
    assert (await trade.client.post(url, headers=trade.shopper.headers)).status_code == 200
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    assert await trade.db.fetchval("SELECT status FROM sandbox.charges") == "cancelled"
    assert await trade.db.fetchval("SELECT status FROM payment_intents") == "cancelled"
    assert await balances(trade.db) == {}


async def test_authorised_money_is_not_asked_about_each_minute(trade: Trade, haze: UUID) -> None:
    order = await trade.order((haze, 1))
    await sandbox_world(trade.app).let_authorization_expire(await external_id_of(trade))
    gateways = only(card_gateway(trade.app))
    await jobs.ask_again(trade.db, gateways, older_than=jobs.SILENT_AFTER)
    assert (
        await trade.db.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint LIKE 'orders.settle%'") == 0
    )
    await trade.db.fetch("UPDATE payment_intents SET updated_at = now() - interval '61 minutes'")
    await jobs.ask_again(trade.db, gateways, older_than=jobs.SILENT_AFTER)
    assert (
        await trade.db.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint LIKE 'orders.settle%'") == 1
    )
    assert (await trade.look(order))["payment"]["status"] == "authorized"


async def change(trade: Trade, order_id: str, haze: UUID, quantity: int) -> httpx.Response:
    body = {"lines": [{"productId": str(haze), "quantity": quantity}]}
    url = f"/api/orders/{order_id}/amend"
    return await trade.client.post(url, json=body, headers=trade.shopper.headers)


async def test_what_was_authorised_before_the_order_became_cheaper_is_taken_and_the_rest_goes_back(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 2))
    amended = (await change(trade, order["id"], haze, 1)).json()["order"]
    assert (amended["payment"]["status"], amended["payment"]["amountDue"]) == ("authorized", 54.3)
    assert (await change(trade, order["id"], haze, 2)).json()["code"] == "AMENDMENT_NOT_DEARER"
    await trade.pack(order)
    assert (await trade.pick_up(order)).status_code == 200
    await drain()
    paid = (await trade.look(order))["payment"]
    assert (paid["status"], paid["amountPaid"], paid["refundedAmount"]) == ("paid", 103.6, 49.3)
    assert (await balances(trade.db, order_id=order["id"]))[Account.DEPOSITS] == 5430
    assert (await trade.hand_over(order)).status_code == 200
    assert [str(one) async for verdict in verify(trade.db) for one in verdict.shown] == []


async def test_authorised_money_is_let_go_when_coins_pay_all_that_is_left(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    await give_coins(trade.app, trade.shopper, 6000)
    order = await trade.order((haze, 2), useCoins=6000)
    amended = (await change(trade, order["id"], haze, 1)).json()["order"]
    assert (amended["payment"]["status"], amended["payment"]["amountDue"]) == ("paid", 0.0)
    assert (amended["coinsUsed"], (await trade.coins())["balance"]) == (5430, 570)
    await drain()
    assert await trade.db.fetchval("SELECT status FROM sandbox.charges") == "cancelled"
    await trade.deliver(order)
    assert [str(one) async for verdict in verify(trade.db) for one in verdict.shown] == []
