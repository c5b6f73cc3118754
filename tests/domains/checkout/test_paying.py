"""Paying what was prepared beforehand, and paying again: never twice, whoever repeats what."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest

from factories.figures import watch_counter
from factories.payments import card_gateway, deliver_webhooks
from factories.trade import JSON, Trade, balances, open_trade
from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders import service as orders
from faded_skies.domains.payments.errors import GatewayUnavailable
from faded_skies.platform import clock
from faded_skies.platform.ids import new_id

Drain = Callable[[], Awaitable[None]]


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client, "pm_card_chargeCustomerFail", "pm_card_authenticationRequired")


async def prepare(trade: Trade, amount: float, method: str = "pm_card_visa") -> JSON:
    answer = await trade.client.post(
        "/api/payments/create-intent",
        json={"amount": amount, "paymentMethodId": method},
        headers=trade.shopper.headers,
    )
    assert answer.status_code == 200, answer.text
    prepared: JSON = answer.json()
    return prepared


async def pay_at_the_bank(trade: Trade, *, passed: bool = True) -> None:
    gateway = card_gateway(trade.app)
    assert isinstance(gateway, SandboxGateway)
    for charge in await trade.db.fetch("SELECT id, client_secret FROM sandbox.charges"):
        await gateway.authenticate(charge["id"], charge["client_secret"], passed=passed)


async def charged(trade: Trade) -> list[int]:
    rows = await trade.db.fetch("SELECT amount_cents FROM sandbox.charges WHERE status = 'succeeded'")
    return [row["amount_cents"] for row in rows]


async def confirm(
    trade: Trade, order_id: str, method: str | None = None, *, key: str | None = None
) -> httpx.Response:
    return await trade.client.post(
        f"/api/orders/{order_id}/confirm-payment",
        json={} if method is None else {"paymentMethodId": str(trade.shopper.methods[method])},
        headers=trade.shopper.headers | ({} if key is None else {"Idempotency-Key": key}),
    )


async def test_what_was_paid_before_the_order_pays_it_at_once(trade: Trade, haze: UUID, drain: Drain) -> None:
    prepared = await prepare(trade, 54.3)
    await pay_at_the_bank(trade)
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    assert (await balances(trade.db))[Account.UNAPPLIED] == 5430
    order = await trade.order((haze, 1), paymentIntentId=prepared["paymentIntentId"])
    assert (order["status"], order["payment"]["status"]) == ("confirmed", "paid")
    assert await charged(trade) == [5430]
    left = await balances(trade.db)
    assert Account.UNAPPLIED not in left
    assert left[Account.DEPOSITS] == 5430
    assert await orders.expire_holds(trade.db, now=clock.now().replace(year=2099)) == 0


async def test_money_that_came_unheard_is_the_orders_and_not_charged_again(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    prepared = await prepare(trade, 54.3)
    await pay_at_the_bank(trade)
    order = await trade.order((haze, 1), paymentIntentId=prepared["paymentIntentId"])
    assert (order["status"], order["payment"]["status"]) == ("confirmed", "paid")
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    assert await charged(trade) == [5430]
    assert (await balances(trade.db))[Account.DEPOSITS] == 5430


@pytest.mark.parametrize("amount", [54.29, 54.31, 1])
async def test_another_amount_than_the_orders_is_refused_and_nothing_is_taken(
    trade: Trade, haze: UUID, amount: float
) -> None:
    prepared = await prepare(trade, amount)
    refused = await trade.try_order((haze, 1), paymentIntentId=prepared["paymentIntentId"])
    assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    assert refused.json()["amountDue"] == 54.3
    assert await charged(trade) == []
    assert await trade.db.fetchval("SELECT count(*) FROM orders") == 0


@pytest.mark.parametrize("amount", [0, 0.49, -1, 10.005, 1_000_000.01, "10", None])
async def test_a_wrong_amount_prepares_nothing(trade: Trade, amount: object) -> None:
    answer = await trade.client.post(
        "/api/payments/create-intent",
        json={"amount": amount, "paymentMethodId": "pm_card_visa"},
        headers=trade.shopper.headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["field"] == "amount"
    assert await trade.db.fetchval("SELECT count(*) FROM payment_intents") == 0
    assert await trade.db.fetchval("SELECT count(*) FROM sandbox.charges") == 0


async def test_paying_another_way_with_the_same_key_pays_once(trade: Trade, haze: UUID) -> None:
    paid = watch_counter("faded_skies_payments_total")
    declined = await trade.try_order((haze, 1), tender="pm_card_chargeCustomerFail")
    assert paid() == {("sandbox", "failed"): 1}
    order_id = declined.json()["orderId"]
    key = str(new_id())
    answers = [await confirm(trade, order_id, "card", key=key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {answers[0].text}
    other = await confirm(trade, order_id, "cash", key=key)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert await charged(trade) == [5430]


async def test_a_decline_is_the_answer_of_its_key_too(trade: Trade, haze: UUID) -> None:
    declined = await trade.try_order((haze, 1), tender="pm_card_chargeCustomerFail")
    order_id, key = declined.json()["orderId"], str(new_id())
    first = await confirm(trade, order_id, "pm_card_chargeCustomerFail", key=key)
    assert (first.status_code, first.json()["code"]) == (402, "PAYMENT_FAILED")
    assert (await confirm(trade, order_id, "pm_card_chargeCustomerFail", key=key)).text == first.text
    assert await trade.db.fetchval("SELECT count(*) FROM payment_intents") == 2
    assert (await confirm(trade, order_id, "card")).status_code == 200


async def test_paying_at_once_from_two_tabs_charges_once(trade: Trade, haze: UUID, drain: Drain) -> None:
    declined = await trade.try_order((haze, 1), tender="pm_card_chargeCustomerFail")
    order_id = declined.json()["orderId"]
    answers = await asyncio.gather(*(confirm(trade, order_id, "card") for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {200, 409}, [one.text for one in answers]
    assert [answer.status_code for answer in answers].count(200) >= 1
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    assert len(await charged(trade)) - await trade.db.fetchval("SELECT count(*) FROM refunds") == 1
    assert (await balances(trade.db))[Account.DEPOSITS] == 5430
    assert Account.REFUNDS_PAYABLE not in await balances(trade.db)
    assert await trade.db.fetchval("SELECT status FROM orders") == "confirmed"


async def test_a_strangers_order_and_method_do_not_exist(app: Application, trade: Trade, haze: UUID) -> None:
    declined = await trade.try_order((haze, 1), tender="pm_card_chargeCustomerFail")
    url = f"/api/orders/{declined.json()['orderId']}/confirm-payment"
    body = {"paymentMethodId": str(trade.shopper.methods["card"])}
    for headers in (trade.driver.headers,):
        answer = await trade.client.post(url, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    foreign = await trade.client.post(
        "/api/payments/create-intent",
        json={"amount": 10, "paymentMethodId": str(trade.shopper.methods["card"])},
        headers=trade.driver.headers,
    )
    assert (foreign.status_code, foreign.json()["code"]) == (404, "NOT_FOUND")
    token = await trade.db.fetchval("SELECT external_id FROM payment_methods WHERE type = 'card' LIMIT 1")
    taken = await trade.client.post(
        "/api/payments/create-intent",
        json={"amount": 10, "paymentMethodId": token},
        headers=trade.driver.headers,
    )
    assert (taken.status_code, taken.json()["code"]) == (422, "VALIDATION_ERROR")
    assert await charged(trade) == []


async def test_after_a_decline_a_card_that_asks_the_bank_waits_for_it_and_pays(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    declined = await trade.try_order((haze, 1), tender="pm_card_chargeCustomerFail")
    order_id = declined.json()["orderId"]
    asked = await confirm(trade, order_id, "pm_card_authenticationRequired")
    assert asked.status_code == 200, asked.text
    assert asked.json()["payment"]["status"] == "requires_action"
    assert asked.json()["payment"]["clientSecret"]
    gateway = card_gateway(trade.app)
    assert isinstance(gateway, SandboxGateway)
    [charge] = await trade.db.fetch(
        "SELECT id, client_secret FROM sandbox.charges WHERE status = 'requires_action'"
    )
    await gateway.authenticate(charge["id"], charge["client_secret"], passed=True)
    paid = await confirm(trade, order_id)
    assert (paid.json()["order"]["status"], paid.json()["payment"]) == ("confirmed", {"status": "succeeded"})
    cart = (await trade.client.get("/api/cart", headers=trade.shopper.headers)).json()
    assert cart["itemCount"] == 0


async def test_a_payment_that_never_reached_the_gateway_is_made_when_the_customer_asks(
    trade: Trade, haze: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(_: object) -> None:
        raise GatewayUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(card_gateway(trade.app), "charge", unreachable)
        order = await trade.order((haze, 1))
    assert (order["status"], order["payment"]["status"]) == ("pending", "processing")
    assert await charged(trade) == []
    paid = await confirm(trade, order["id"])
    assert (paid.json()["order"]["status"], paid.json()["payment"]) == ("confirmed", {"status": "succeeded"})
    assert await charged(trade) == [5430]
