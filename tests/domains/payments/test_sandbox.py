"""The sandbox gateway's own manners: the bank's page, signed deliveries, and what it remembers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import httpx
import pytest

from factories.identity import make_person, signed_in
from factories.payments import bare_order, card_gateway, keep_card, only, open_intent, sandbox_world, settle
from faded_skies import bootstrap
from faded_skies.adapters.sandbox.deliveries import Deliveries, Delivery, by_http
from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.adapters.sandbox.signing import HEADER, sign, webhook_secret
from faded_skies.adapters.sandbox.store import open_pool
from faded_skies.bootstrap import Application
from faded_skies.domains.payments import service
from faded_skies.domains.payments.ports import ChargeRequest, ChargeResult, ChargeStatus
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from servers import serving

HOOK = "/webhooks/sandbox"


@pytest.fixture
def gateway(app: Application) -> SandboxGateway:
    found = card_gateway(app)
    assert isinstance(found, SandboxGateway)
    return found


async def asking(gateway: SandboxGateway, token: str = "pm_card_authenticationRequired") -> ChargeResult:
    result = await gateway.charge(ChargeRequest(new_id(), "cus_somebody", 2450, token))
    assert result.status is ChargeStatus.REQUIRES_ACTION
    return result


async def press(client: httpx.AsyncClient, charge: ChargeResult, **fields: str) -> httpx.Response:
    body = {"client_secret": charge.client_secret or "", "outcome": "complete"} | fields
    return await client.post(f"/sandbox/authenticate/{charge.external_id}", content=urlencode(body))


async def test_the_banks_page_asks_and_completes(client: httpx.AsyncClient, gateway: SandboxGateway) -> None:
    charge = await asking(gateway)
    page = await client.get(
        f"/sandbox/authenticate/{charge.external_id}", params={"client_secret": charge.client_secret}
    )
    assert page.status_code == 200
    assert "$24.50" in page.text
    assert page.text.count("<button") == 2
    done = await press(client, charge)
    assert (done.status_code, "<button" in done.text) == (200, False)
    assert charge.external_id is not None
    assert (await gateway.cancel(charge.external_id)).status is ChargeStatus.SUCCEEDED
    assert (await press(client, charge, outcome="fail")).status_code == 200
    assert (await gateway.cancel(charge.external_id)).status is ChargeStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("token", "outcome", "code"),
    [
        ("pm_card_authenticationRequired", "fail", "authentication_required"),
        (
            "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
            "complete",
            "insufficient_funds",
        ),
    ],
)
async def test_failing_at_the_bank_is_a_decline(
    client: httpx.AsyncClient, gateway: SandboxGateway, token: str, outcome: str, code: str
) -> None:
    charge = await asking(gateway, token)
    assert "another card" in (await press(client, charge, outcome=outcome)).text
    assert charge.external_id is not None
    assert charge.client_secret is not None
    result, _ = await gateway.look(charge.external_id, charge.client_secret)
    assert (result.status, result.decline_code) == (ChargeStatus.DECLINED, code)


async def test_who_does_not_know_the_secret_finds_no_page(
    client: httpx.AsyncClient, gateway: SandboxGateway
) -> None:
    charge = await asking(gateway)
    url = f"/sandbox/authenticate/{charge.external_id}"
    for answer in (
        await client.get(url),
        await client.get(url, params={"client_secret": "wrong"}),
        await press(client, charge, client_secret="wrong"),
        await press(client, charge, client_secret=""),
        await client.post(url, content=b"\xff\xfe"),
        await client.get("/sandbox/authenticate/pi_none", params={"client_secret": charge.client_secret}),
        await client.get("/sandbox/authenticate/%00", params={"client_secret": charge.client_secret}),
        await client.get(url, params={"client_secret": "\ud800".encode("utf-8", "surrogatepass")}),
    ):
        assert answer.status_code in {404, 422}, answer.text
    assert charge.external_id is not None
    assert (await gateway.cancel(charge.external_id)).status is ChargeStatus.CANCELLED


def headers(settings: Settings, body: bytes, *, age: int = 0) -> dict[str, str]:
    return {HEADER: sign(webhook_secret(settings), body, at=int(time.time()) - age)}


async def test_a_badly_signed_delivery_is_refused_and_not_kept(
    client: httpx.AsyncClient, settings: Settings, db: Database
) -> None:
    body = b'{"id":"evt_1","kind":"payment.succeeded","intentId":"%s"}' % str(new_id()).encode()
    good = headers(settings, body)[HEADER]
    for given in (
        {},
        {HEADER: ""},
        {HEADER: "t=,v1="},
        {HEADER: good.replace("v1=", "v0=")},
        {HEADER: good[:-1]},
        {HEADER: good.replace("t=", "t=1")},
        {HEADER: f"t={'9' * 5000},v1=00"},
        {HEADER: b"t=1,v1=\xff"},
        headers(settings, body, age=301),
        headers(settings, body, age=-400),
        headers(settings, body + b" "),
    ):
        answer = await client.post(HOOK, content=body, headers=given)  # type: ignore[arg-type]  # bytes on purpose
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_SIGNATURE")
    for signed in (b"", b"[]", b"{}", b'{"id":"e","kind":"k","intentId":"7"}'):
        answer = await client.post(HOOK, content=signed, headers=headers(settings, signed))
        assert answer.status_code == 400
    assert await db.fetchval("SELECT count(*) FROM webhook_events") == 0
    fine = await client.post(HOOK, content=body, headers=headers(settings, body, age=290))
    assert (fine.status_code, fine.json()) == (200, {"received": True})


async def test_a_delivery_settles_a_prepared_payment_once_however_often_it_comes(
    app: Application,
    client: httpx.AsyncClient,
    settings: Settings,
    db: Database,
    gateway: SandboxGateway,
    drain: Callable[[], Awaitable[None]],
) -> None:
    person = await signed_in(app)
    prepared = (
        await client.post(
            "/api/payments/create-intent",
            headers=person.headers,
            json={"amount": 24.5, "paymentMethodId": "pm_card_visa"},
        )
    ).json()
    secret = prepared["clientSecret"]
    await gateway.authenticate(secret.partition("_secret_")[0], secret, passed=True)
    received: list[Delivery] = []

    async def thrice(delivery: Delivery) -> bool:
        received.append(delivery)
        for _ in range(3):
            answer = await client.post(HOOK, content=delivery.body, headers=delivery.headers)
            assert answer.json() == {"received": True}
        return True

    pool = await open_pool(settings.database_url)
    deliveries = Deliveries(pool, secret=webhook_secret(settings), deliver=thrice)
    assert await deliveries.send_due() == 1
    assert await deliveries.send_due() == 0
    await pool.close()
    await drain()
    intent = await service.get_intent(db, UUID(prepared["paymentIntentId"]))
    assert (intent.status, len(received)) == ("succeeded", 1)
    assert await db.fetchval("SELECT count(*) FROM webhook_events WHERE handled_at IS NOT NULL") == 1
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'payment.succeeded'") == 1


async def test_what_is_not_taken_is_delivered_later(settings: Settings, gateway: SandboxGateway) -> None:
    await gateway.charge(ChargeRequest(new_id(), "cus_somebody", 100, "pm_card_visa"))
    seen: list[str] = []

    async def refuse(delivery: Delivery) -> bool:
        seen.append(delivery.id)
        return False

    pool = await open_pool(settings.database_url)
    deliveries = Deliveries(pool, secret=b"x", deliver=refuse)
    assert await deliveries.send_due() == 0
    assert await deliveries.send_due() == 0
    assert len(seen) == 1
    await pool.execute("UPDATE sandbox.deliveries SET next_at = now()")
    await deliveries.send_due()
    assert seen == [seen[0], seen[0]]
    await pool.close()


async def test_deliveries_reach_a_real_server_by_themselves(
    app: Application, settings: Settings, db: Database, gateway: SandboxGateway
) -> None:
    pool = await open_pool(settings.database_url)
    async with serving(app.asgi) as address, httpx.AsyncClient() as http:
        post, taken = by_http(http, f"{address}{HOOK}"), asyncio.Event()

        async def deliver(delivery: Delivery) -> bool:
            if await post(delivery):
                taken.set()
            return taken.is_set()

        deliveries = Deliveries(pool, secret=webhook_secret(settings), deliver=deliver)
        task = asyncio.create_task(deliveries.run(gateway.changed))
        await gateway.charge(ChargeRequest(new_id(), "cus_somebody", 100, "pm_card_visa"))
        await asyncio.wait_for(taken.wait(), timeout=10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await pool.close()
    assert await db.fetchval("SELECT kind FROM webhook_events") == "payment.succeeded"


async def test_nobody_listening_is_no_error() -> None:
    async with httpx.AsyncClient() as http:
        deliver = by_http(http, "http://127.0.0.1:1/webhooks/sandbox")
        assert await deliver(Delivery("evt_1", b"{}", {})) is False


async def test_it_remembers_after_a_restart(app: Application, settings: Settings, db: Database) -> None:
    customer = await make_person(app)
    gateway = card_gateway(app)
    card = await keep_card(db, gateway, customer)
    intent = await open_intent(db, card, await bare_order(db, card))
    first = await service.charge(db, only(gateway), intent, card)
    async with bootstrap.application(settings) as again:
        restarted = only(card_gateway(again))
        assert await service.charge(db, restarted, intent, card) == first
    assert (await settle(db, intent.id, first)).status == "succeeded"


async def test_production_without_a_key_takes_no_cards_and_has_no_sandbox(settings: Settings) -> None:
    production = settings.model_copy(update={"environment": "production"})
    async with bootstrap.application(production) as shop:
        transport = httpx.ASGITransport(app=shop.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            person = await signed_in(shop)
            url = "/api/payments/methods"
            card = {"type": "card", "stripePaymentMethodId": "pm_card_visa"}
            refused = await http.post(url, headers=person.headers, json=card)
            assert (refused.status_code, refused.json()["code"]) == (422, "TENDER_NOT_ALLOWED")
            cash = await http.post(url, headers=person.headers, json={"type": "cash"})
            assert cash.status_code == 201
            for gone in (await http.post(HOOK, content=b"{}"), await http.get("/sandbox/authenticate/pi_1")):
                assert gone.status_code == 404


async def test_the_same_intent_with_other_values_is_our_mistake_and_told_so(
    gateway: SandboxGateway,
) -> None:
    asked = ChargeRequest(new_id(), "cus_somebody", 100, "pm_card_visa")
    await gateway.charge(asked)
    for other in (
        replace(asked, amount_cents=101),
        replace(asked, customer="cus_other"),
        replace(asked, captures_later=True),
    ):
        with pytest.raises(ValueError, match="other values"):
            await gateway.charge(other)


async def test_one_intent_is_charged_once_by_many_at_once(gateway: SandboxGateway, db: Database) -> None:
    asked = ChargeRequest(new_id(), "cus_somebody", 100, "pm_card_visa")
    results = await asyncio.gather(*(gateway.charge(asked) for _ in range(8)))
    assert len({result.external_id for result in results}) == 1
    assert await db.fetchval("SELECT count(*) FROM sandbox.charges") == 1
    assert await db.fetchval("SELECT count(*) FROM sandbox.deliveries") == 1


async def test_refunds_of_the_slow_and_the_failing_card(app: Application, gateway: SandboxGateway) -> None:
    slow = await gateway.charge(ChargeRequest(new_id(), "cus_somebody", 100, "pm_card_pendingRefund"))
    bad = await gateway.charge(ChargeRequest(new_id(), "cus_somebody", 100, "pm_card_refundFail"))
    assert slow.external_id is not None
    assert bad.external_id is not None
    assert (await gateway.refund(new_id(), slow.external_id, 60)).status == "processing"
    assert (await gateway.refund(new_id(), bad.external_id, 100)).status == "succeeded"
    world = sandbox_world(app)
    assert await world.settle_refunds(older_than_seconds=60) == 0
    assert await world.settle_refunds() == 2
    assert await world.settle_refunds() == 0
    [one] = await gateway.list_refunds(slow.external_id)
    assert one.result.status == "succeeded"
    [other] = await gateway.list_refunds(bad.external_id)
    assert (other.result.status, other.result.reason) == ("failed", "lost_or_stolen_card")
    assert (await gateway.refund(new_id(), bad.external_id, 100)).status == "succeeded"


# As it was before the sandbox had customers.
_OLD_STORE = """
DROP SCHEMA sandbox CASCADE;
CREATE SCHEMA sandbox;
CREATE TABLE sandbox.methods (
    id text PRIMARY KEY, user_id uuid NOT NULL, card text NOT NULL, attached boolean NOT NULL DEFAULT true
);
CREATE TABLE sandbox.charges (
    id text PRIMARY KEY, intent_id uuid NOT NULL UNIQUE, user_id uuid NOT NULL, amount_cents int NOT NULL,
    card text NOT NULL, status text NOT NULL, client_secret text NOT NULL, decline_code text,
    refunded_cents int NOT NULL DEFAULT 0
);
CREATE TABLE sandbox.refunds (
    refund_id uuid PRIMARY KEY, id text NOT NULL UNIQUE, charge_id text NOT NULL REFERENCES sandbox.charges (id),
    amount_cents int NOT NULL
);
CREATE TABLE sandbox.deliveries (
    id text PRIMARY KEY, body bytea NOT NULL, attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now()
);
"""


async def test_an_older_sandbox_is_taken_over_with_its_cards_and_charges(
    app: Application, settings: Settings, db: Database
) -> None:
    person, intent_id, refund_id = new_id(), new_id(), new_id()
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute(_OLD_STORE)
    await connection.execute(
        "INSERT INTO sandbox.methods (id, user_id, card) VALUES ('pm_1', $1, 'pm_card_visa')", person
    )
    await connection.execute(
        "INSERT INTO sandbox.charges (id, intent_id, user_id, amount_cents, card, status, client_secret) "
        "VALUES ('pi_1', $1, $2, 100, 'pm_card_visa', 'succeeded', 's')",
        intent_id,
        person,
    )
    await connection.execute(
        "INSERT INTO sandbox.refunds (refund_id, id, charge_id, amount_cents) VALUES ($1, 're_1', 'pi_1', 40)",
        refund_id,
    )
    await connection.execute("UPDATE sandbox.charges SET refunded_cents = 40")
    await connection.close()
    for _ in range(2):
        pool = await open_pool(settings.database_url)
        renewed = SandboxGateway(pool, secret=b"x")
        customer = await renewed.open_customer(person)
        assert [method.external_id for method in await renewed.list_methods(customer)] == ["pm_1"]
        charged = await renewed.charge(ChargeRequest(intent_id, customer, 100, "pm_1"))
        assert charged.external_id == "pi_1"
        assert (await renewed.refund(refund_id, "pi_1", 40)).external_id == "re_1"
        assert (await renewed.refund(new_id(), "pi_1", 61)).status == "failed"
        await pool.close()
    assert await db.fetchval("SELECT count(*) FROM sandbox.charges") == 1
