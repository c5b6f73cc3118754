"""A paid order that becomes dearer: the difference is reserved, charged and settled, once, whatever dies in between."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from factories.answers import refusal_of
from factories.catalog import make_product
from factories.payments import LostAnswers, card_gateway, deliver_webhooks, only
from factories.shop import stock_of
from factories.trade import JSON, Trade, balances, open_trade
from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.bootstrap import Application
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders import service as orders
from faded_skies.domains.payments import jobs
from faded_skies.domains.payments.ports import Gateways
from faded_skies.platform import clock
from faded_skies.reports.verifying import verify

Drain = Callable[[], Awaitable[None]]
DECLINES, ASKS = "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client, DECLINES, ASKS)


async def amend(
    trade: Trade, order: JSON, haze: UUID, quantity: int, *, key: str | None = None
) -> httpx.Response:
    body = {"lines": [{"productId": str(haze), "quantity": quantity}]}
    headers = trade.shopper.headers | ({} if key is None else {"Idempotency-Key": key})
    return await trade.client.post(f"/api/orders/{order['id']}/amend", json=body, headers=headers)


async def proposed(trade: Trade, order: JSON, haze: UUID, quantity: int) -> JSON:
    body = {"lines": [{"productId": str(haze), "quantity": quantity}], "reason": "One more is left."}
    url = f"/api/admin/orders/{order['id']}/amendments"
    made = await trade.client.post(url, json=body, headers=trade.admin.headers)
    assert made.status_code == 201, made.text
    amendment: JSON = made.json()["amendment"]
    return amendment


async def accept(trade: Trade, amendment: JSON, *, key: str | None = None) -> httpx.Response:
    headers = trade.shopper.headers | ({} if key is None else {"Idempotency-Key": key})
    url = f"/api/orders/{amendment['orderId']}/amendments/{amendment['id']}/accept"
    return await trade.client.post(url, headers=headers)


async def pay_with(trade: Trade, order: JSON, card: str) -> None:
    """Let what is charged next for an order go to another card, as if its own had changed its mind."""
    method = trade.shopper.methods[card]
    await trade.db.fetch("UPDATE orders SET payment_method_id = $2 WHERE id = $1", UUID(order["id"]), method)


async def changes(trade: Trade, order: JSON) -> list[JSON]:
    url = f"/api/orders/{order['id']}/amendments"
    found: list[JSON] = (await trade.client.get(url, headers=trade.shopper.headers)).json()["amendments"]
    return found


async def authenticate(trade: Trade, *, passed: bool = True) -> None:
    gateway = card_gateway(trade.app)
    assert isinstance(gateway, SandboxGateway)
    waiting = "SELECT id, client_secret FROM sandbox.charges WHERE status = 'requires_action'"
    for charge in await trade.db.fetch(waiting):
        await gateway.authenticate(charge["id"], charge["client_secret"], passed=passed)


async def charged(trade: Trade) -> list[int]:
    rows = await trade.db.fetch(
        "SELECT amount_cents FROM sandbox.charges WHERE status = 'succeeded' ORDER BY amount_cents"
    )
    return [row["amount_cents"] for row in rows]


async def wrong_in_the_books(trade: Trade) -> list[str]:
    return [str(one) async for verdict in verify(trade.db) for one in verdict.shown]


def lose_answers(trade: Trade) -> None:
    """Let the gateway's answers to charges get lost from here on."""
    checkout: Checkout = trade.app.ports.get(Checkout)
    object.__setattr__(checkout, "gateways", only(LostAnswers(card_gateway(trade.app))))


async def test_the_difference_is_charged_and_refunds_take_from_both_charges(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1))
    amendment = await proposed(trade, order, haze, 2)
    assert amendment["difference"] == 49.3
    assert await charged(trade) == [5430]
    accepted = await accept(trade, amendment)
    assert accepted.status_code == 200, accepted.text
    told = accepted.json()
    assert (told["amendment"]["status"], told["payment"]) == ("applied", {"status": "succeeded"})
    assert told["order"]["payment"] == {
        "status": "paid",
        "amountDue": 103.6,
        "amountPaid": 103.6,
        "refundedAmount": 0.0,
    }
    assert await charged(trade) == [4930, 5430]
    assert await stock_of(trade.app, haze) == 7
    await drain()
    assert await wrong_in_the_books(trade) == []

    await trade.deliver(order)
    items = [{"productId": str(haze), "quantity": 2}]
    assert (await trade.refund(order, items=items, restock=True)).status_code == 200
    await drain()
    assert [
        tuple(row)
        for row in await trade.db.fetch(
            "SELECT amount_cents, status, jsonb_array_length(lines) FROM refunds ORDER BY id"
        )
    ] == [(4930, "succeeded", 1), (4930, "succeeded", 0)]
    assert (await trade.look(order))["payment"]["refundedAmount"] == 98.6
    assert await stock_of(trade.app, haze) == 9
    assert await wrong_in_the_books(trade) == []


async def test_up_down_and_up_again_then_cancelled_gives_everything_back(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1))
    for quantity, due in ((2, 103.6), (1, 54.3), (3, 152.9)):
        changed = await amend(trade, order, haze, quantity)
        assert changed.status_code == 200, changed.text
        await drain()
        payment = (await trade.look(order))["payment"]
        assert payment["status"] == "paid"
        assert (payment["amountDue"], round(payment["amountPaid"] - payment["refundedAmount"], 2)) == (
            due,
            due,
        )
        assert await wrong_in_the_books(trade) == []
    url = f"/api/orders/{order['id']}/cancel"
    assert (await trade.client.post(url, headers=trade.shopper.headers)).status_code == 200
    await drain()
    payment = (await trade.look(order))["payment"]
    assert (payment["status"], payment["amountPaid"]) == ("refunded", payment["refundedAmount"])
    assert await stock_of(trade.app, haze) == 9
    assert Account.DEPOSITS not in await balances(trade.db)
    assert await wrong_in_the_books(trade) == []


async def test_a_declined_difference_leaves_the_order_as_it_was(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1))
    await pay_with(trade, order, DECLINES)
    before = await trade.look(order)
    refused = await amend(trade, order, haze, 3, key="more")
    assert refusal_of(refused) == (402, "PAYMENT_FAILED")
    assert refused.json()["orderId"] == order["id"]
    assert (await amend(trade, order, haze, 3, key="more")).json() == refused.json()
    amendment = await proposed(trade, order, haze, 2)
    assert refusal_of(await accept(trade, amendment)) == (402, "PAYMENT_FAILED")
    assert refusal_of(await accept(trade, amendment)) == (409, "INVALID_STATE")
    await drain()
    assert await trade.look(order) == before
    assert [one["status"] for one in await changes(trade, order)] == ["failed", "failed"]
    assert await stock_of(trade.app, haze) == 8
    assert await charged(trade) == [5430]
    assert await wrong_in_the_books(trade) == []


@pytest.mark.parametrize("way", ["accept", "webhook", "sweep"])
async def test_the_banks_extra_step_finishes_it_in_each_way(
    trade: Trade, haze: UUID, drain: Drain, way: str
) -> None:
    order = await trade.order((haze, 1))
    await pay_with(trade, order, ASKS)
    amendment = await proposed(trade, order, haze, 2)
    asked = await accept(trade, amendment)
    assert asked.status_code == 200, asked.text
    told = asked.json()
    assert (told["amendment"]["status"], told["payment"]["status"]) == ("paying", "requires_action")
    assert told["payment"]["clientSecret"]
    assert told["order"]["totalAmount"] == 54.3
    assert await stock_of(trade.app, haze) == 7
    # Nothing else is changed meanwhile, and it is neither declined nor taken back.
    assert refusal_of(await amend(trade, order, haze, 3)) == (409, "INVALID_STATE")
    decline = f"/api/orders/{order['id']}/amendments/{amendment['id']}/decline"
    assert refusal_of(await trade.client.post(decline, headers=trade.shopper.headers)) == (
        409,
        "INVALID_STATE",
    )

    await authenticate(trade)
    if way == "accept":
        assert (await accept(trade, amendment)).json()["payment"] == {"status": "succeeded"}
    elif way == "webhook":
        await deliver_webhooks(trade.app, trade.client)
    else:
        gateways: Gateways = trade.app.ports.get(Gateways)
        await jobs.ask_again(trade.db, gateways, older_than=timedelta(0))
    await drain()
    assert (await trade.look(order))["totalAmount"] == 103.6
    assert [one["status"] for one in await changes(trade, order)] == ["applied"]
    assert await stock_of(trade.app, haze) == 7
    assert await wrong_in_the_books(trade) == []


async def test_a_failed_extra_step_gives_the_goods_back(trade: Trade, haze: UUID, drain: Drain) -> None:
    order = await trade.order((haze, 1))
    await pay_with(trade, order, ASKS)
    assert (await amend(trade, order, haze, 2)).json()["amendment"]["status"] == "paying"
    await authenticate(trade, passed=False)
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    assert [one["status"] for one in await changes(trade, order)] == ["failed"]
    assert await stock_of(trade.app, haze) == 8
    assert await wrong_in_the_books(trade) == []


async def test_an_answer_that_got_lost_is_charged_once_and_found_again(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1))
    lose_answers(trade)
    cut = await amend(trade, order, haze, 2, key="more")
    assert (cut.json()["amendment"]["status"], cut.json()["payment"]) == ("paying", {"status": "processing"})
    gateways: Gateways = trade.app.ports.get(Gateways)
    await jobs.ask_again(trade.db, gateways, older_than=timedelta(0))
    await drain()
    assert (await trade.look(order))["totalAmount"] == 103.6
    assert await charged(trade) == [4930, 5430]
    assert await wrong_in_the_books(trade) == []


async def test_killed_between_reserve_and_settle_it_is_taken_up_by_the_same_key(
    trade: Trade, haze: UUID, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await trade.order((haze, 1))

    async def killed(*_: object, **__: object) -> None:
        raise SystemExit

    for step in ("charge", "settle"):
        with monkeypatch.context() as dying:
            where = "faded_skies.domains.checkout.service.amending."
            dying.setattr(where + {"charge": "payments.charge", "settle": "orders.settle"}[step], killed)
            with pytest.raises(SystemExit):
                await amend(trade, order, haze, 2, key="more")
        assert (await trade.look(order))["totalAmount"] == 54.3
        assert await stock_of(trade.app, haze) == 7
    done = await amend(trade, order, haze, 2, key="more")
    assert (done.status_code, done.json()["order"]["totalAmount"]) == (200, 103.6)
    assert (await amend(trade, order, haze, 2, key="more")).json() == done.json()
    await drain()
    assert await charged(trade) == [4930, 5430]
    assert await stock_of(trade.app, haze) == 7
    assert await wrong_in_the_books(trade) == []


@pytest.mark.parametrize("end", ["cancel", "pack", "depart", "expire"])
@pytest.mark.parametrize("pays", [True, False])
async def test_an_order_that_ends_or_is_packed_while_the_difference_is_paid(
    trade: Trade, haze: UUID, drain: Drain, end: str, *, pays: bool
) -> None:
    order = await trade.order((haze, 1))
    await pay_with(trade, order, ASKS)
    amendment = await proposed(trade, order, haze, 3)
    assert (await accept(trade, amendment)).json()["amendment"]["status"] == "paying"
    assert await stock_of(trade.app, haze) == 6
    if pays:
        await authenticate(trade)
    if end == "cancel":
        url = f"/api/orders/{order['id']}/cancel"
        assert (await trade.client.post(url, headers=trade.shopper.headers)).status_code == 200
    elif end == "pack":
        async with trade.db.transaction() as tx:
            held = await orders.lock_order(tx, UUID(order["id"]))
            await orders.close_amendments(tx, held, actor_id=trade.admin.id)
    elif end == "depart":
        await trade.pack(order)
        assert (await trade.pick_up(order)).status_code == 200
    else:
        await orders.expire_amendments(trade.db, now=clock.now() + timedelta(minutes=16))
    for _ in range(2):
        await drain()
        await deliver_webhooks(trade.app, trade.client)
    await drain()
    # A success that comes before the end is heard of counts; one for a change that is over goes back.
    applied = end == "expire" and pays
    expected = "applied" if applied else "failed" if end == "expire" else "closed"
    assert [one["status"] for one in await changes(trade, order)] == [expected]
    quantity = 3 if applied else 1
    assert (await trade.look(order))["items"][0]["quantity"] == quantity
    assert await stock_of(trade.app, haze) == (9 if end == "cancel" else 9 - quantity)
    kept = await trade.db.fetchval(
        "SELECT sum(amount_cents - refunded_cents)::int FROM sandbox.charges WHERE status = 'succeeded'"
    )
    assert kept == {"cancel": 0}.get(end, 15290 if applied else 5430)
    assert await wrong_in_the_books(trade) == []


async def test_a_removed_card_pays_no_more(trade: Trade, haze: UUID) -> None:
    order = await trade.order((haze, 1))
    amendment = await proposed(trade, order, haze, 2)
    url = f"/api/payments/methods/{trade.shopper.methods['card']}"
    assert (await trade.client.delete(url, headers=trade.shopper.headers)).status_code == 204
    assert refusal_of(await accept(trade, amendment)) == (422, "AMENDMENT_NOT_DEARER")
    assert [one["status"] for one in await changes(trade, order)] == ["open"]
    assert await stock_of(trade.app, haze) == 8


async def test_what_a_change_waits_to_pay_for_counts_in_the_days_limit(trade: Trade, drain: Drain) -> None:
    ounce = await make_product(trade.db, "Ounce", price_cents=4000, stock=9, net_weight_mg=28_349)
    order = await trade.order((ounce, 1))
    await pay_with(trade, order, ASKS)
    waits = await amend(trade, order, ounce, 2)
    assert waits.json()["payment"]["status"] == "requires_action", waits.text
    body = {"productId": str(ounce), "quantity": 1}
    refused = await trade.client.post("/api/cart/add", json=body, headers=trade.shopper.headers)
    assert refusal_of(refused) == (422, "PURCHASE_LIMIT_EXCEEDED")
    await authenticate(trade)
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    assert (await trade.look(order))["items"][0]["quantity"] == 2
