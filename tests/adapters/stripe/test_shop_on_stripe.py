"""The whole shop with Stripe connected: orders, the bank's step, webhooks that the peer signs itself, refunds."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from factories.catalog import make_product
from factories.payments import card_gateway
from factories.trade import Trade, balances, open_trade
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.payments import jobs
from faded_skies.domains.payments.ports import Gateways
from faded_skies.platform.settings import Settings
from peers.stripe_proxy import StripeProxy
from servers import serving, until
from stripe_peer import WEBHOOK_SECRETS, Localstripe

Drain = Callable[[], Awaitable[None]]


@pytest.fixture
def settings(settings: Settings, proxied: tuple[StripeProxy, str]) -> Settings:
    stripe = {
        "stripe_secret_key": "sk_test_1234567890",
        "stripe_webhook_secret": ",".join(WEBHOOK_SECRETS),
        "stripe_product_classes": "flower, accessory",
        "stripe_api_base": proxied[1],
        "stripe_publishable_key": "pk_test_1234567890",
    }
    return Settings.model_validate(settings.model_dump() | stripe)


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client, "pm_card_chargeCustomerFail", "pm_card_authenticationRequired")


@pytest.fixture
async def delivered_webhooks(
    app: Application, stripe_peer: Localstripe
) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Our webhook on a real port, told to the peer; waits for so many deliveries."""
    async with serving(app.asgi) as address, httpx.AsyncClient() as http:
        hook = {"url": f"{address}/webhooks/stripe", "secret": WEBHOOK_SECRETS[1]}
        await http.post(f"{stripe_peer.address}/_config/webhooks/ours", data=hook)

        async def wait(count: int) -> None:
            async def came() -> bool:
                have: int = await app.ports.db.fetchval(
                    "SELECT count(*) FROM webhook_events WHERE source = 'stripe' AND kind LIKE 'payment_intent.%'"
                )
                return have >= count

            await until(came, "Stripe's deliveries", 20)

        yield wait


async def test_an_order_is_charged_delivered_and_refunded(
    trade: Trade,
    drain: Drain,
    proxy: StripeProxy,
    delivered_webhooks: Callable[[int], Awaitable[None]],
) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    order = await trade.order((haze, 1))
    assert (order["status"], order["payment"]["status"]) == ("confirmed", "paid")
    await delivered_webhooks(1)
    await drain()
    assert await trade.db.fetchval("SELECT count(*) FROM webhook_events WHERE handled_at IS NULL") == 0
    assert await proxy.count("payment_intents") == 1
    await trade.deliver(order)
    assert (await trade.refund(order, amount=10)).status_code == 200
    await drain()
    assert (await trade.look(order))["payment"]["refundedAmount"] == 10
    assert await proxy.count("refunds") == 1
    left = await balances(trade.db, order_id=order["id"])
    assert left[Account.GATEWAY] == 5430 - 187 - 1000


async def test_a_decline_then_the_banks_step_then_paid(
    trade: Trade, drain: Drain, proxy: StripeProxy
) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    declined = await trade.try_order((haze, 1), tender="pm_card_chargeCustomerFail")
    assert (declined.status_code, declined.json()["declineCode"]) == (402, "generic_decline")
    url = f"/api/orders/{declined.json()['orderId']}/confirm-payment"
    body = {"paymentMethodId": str(trade.shopper.methods["pm_card_authenticationRequired"])}
    asked = await trade.client.post(url, json=body, headers=trade.shopper.headers)
    assert asked.status_code == 200, asked.text
    assert asked.json()["payment"]["status"] == "requires_action"
    secret = asked.json()["payment"]["clientSecret"]
    await proxy.authenticate(secret.partition("_secret_")[0], passed=True)
    paid = await trade.client.post(url, headers=trade.shopper.headers)
    assert paid.json()["payment"] == {"status": "succeeded"}
    await drain()
    assert await trade.db.fetchval("SELECT count(*) FROM payment_intents WHERE status = 'succeeded'") == 1
    assert (await balances(trade.db))[Account.DEPOSITS] == 5430


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_an_order_whose_charge_was_not_heard_of_is_paid_once_by_the_sweep(
    trade: Trade, drain: Drain, proxy: StripeProxy, fault: str
) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    proxy.fail("/v1/payment_intents", fault, fault)  # type: ignore[arg-type]  # one of its faults
    placed = await trade.try_order((haze, 1))
    assert (placed.status_code, placed.json()["payment"]["status"]) == (201, "processing")
    gateways: Gateways = trade.app.ports.get(Gateways)
    await jobs.ask_again(trade.db, gateways, older_than=jobs.SILENT_AFTER * 0)
    await drain()
    order = await trade.look(placed.json()["order"])
    if fault == "after":
        assert (order["status"], order["payment"]["status"]) == ("confirmed", "paid")
    else:
        assert order["status"] == "pending"
    assert await proxy.count("payment_intents") == (1 if fault == "after" else 0)


async def test_goods_that_cards_do_not_carry_are_refused(trade: Trade, proxy: StripeProxy) -> None:
    gummies = await make_product(trade.db, "Gummies", price_cents=4000, product_class="edible")
    refused = await trade.try_order((gummies, 1))
    assert (refused.status_code, refused.json()["because"]) == (422, "processor")
    assert "Card networks do not carry the sale of Gummies" in refused.json()["error"]
    assert await proxy.count("payment_intents") == 0
    assert (await trade.try_order(tender="cash")).status_code == 201


async def test_a_card_that_is_not_from_the_wallet_it_claims_is_forgotten(
    trade: Trade, proxy: StripeProxy
) -> None:
    kept = len(await trade.db.fetch("SELECT FROM payment_methods"))
    answer = await trade.client.post(
        "/api/payments/methods",
        json={"type": "apple_pay", "stripePaymentMethodId": "pm_card_visa"},
        headers=trade.shopper.headers,
    )
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "type")
    assert len(await trade.db.fetch("SELECT FROM payment_methods")) == kept
    assert len([one for one in proxy.sent if one.path.endswith("/detach")]) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 1000, b"x" * 2_000_000])
async def test_forged_deliveries_are_refused_and_not_kept(trade: Trade, body: bytes) -> None:
    for headers in ({}, {"Stripe-Signature": "t=1,v1=00"}):
        answer = await trade.client.post("/webhooks/stripe", content=body, headers=headers)
        assert answer.status_code in {400, 413}
    assert await trade.db.fetchval("SELECT count(*) FROM webhook_events") == 0
    assert (await trade.client.post("/webhooks/sandbox", content=body)).status_code in {404, 413}


async def test_apps_read_the_publishable_key_with_the_shop(trade: Trade) -> None:
    shop = (await trade.client.get("/api/shop")).json()
    assert shop["stripePublishableKey"] == "pk_test_1234567890"
    assert "sk_test" not in str(shop)


async def test_production_without_keys_takes_cash_and_says_so(settings: Settings, tmp_path: Path) -> None:
    without = settings.model_copy(
        update={"stripe_secret_key": None, "stripe_webhook_secret": None, "environment": "production"}
    )
    async with bootstrap.application(without) as app:
        assert app.ports.doubles["stripe"] == "No card gateway is connected: cash and coins only."
        gateways: Gateways = app.ports.get(Gateways)
        assert gateways.tenders == frozenset()


async def test_the_test_mode_says_that_no_money_moves(app: Application) -> None:
    assert app.ports.doubles["stripe"] == "Stripe's test mode: no money moves."
    assert card_gateway(app).name == "stripe"
