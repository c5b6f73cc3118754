"""Payments prepared before their order."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest

from factories.identity import SignedInPerson, signed_in
from factories.payments import bare_order, card_gateway, keep_card, keep_cash, only, open_intent, settle
from faded_skies.bootstrap import Application
from faded_skies.domains.payments import jobs, service
from faded_skies.domains.payments.errors import IntentNotFound, IntentNotUsable, PaymentUnderWay
from faded_skies.domains.payments.ports import PaymentGateway
from faded_skies.domains.payments.service import Intent
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

URL = "/api/payments/create-intent"


@pytest.fixture
def gateway(app: Application) -> PaymentGateway:
    return card_gateway(app)


@pytest.fixture
async def person(app: Application) -> SignedInPerson:
    return await signed_in(app)


async def create(
    client: httpx.AsyncClient, person: SignedInPerson, *, key: str | None = None, **body: object
) -> httpx.Response:
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return await client.post(
        URL, headers=headers, json={"amount": 24.5, "paymentMethodId": "pm_card_visa"} | body
    )


async def adopt(db: Database, user_id: UUID, ref: str, order_id: UUID, amount_cents: int = 2450) -> Intent:
    async with db.transaction() as tx:
        return await service.adopt_intent(
            tx, user_id=user_id, intent_ref=ref, order_id=order_id, amount_cents=amount_cents
        )


async def complete(client: httpx.AsyncClient, client_secret: str) -> httpx.Response:
    charge_id = client_secret.partition("_secret_")[0]
    return await client.post(
        f"/sandbox/authenticate/{charge_id}",
        content=urlencode({"client_secret": client_secret, "outcome": "complete"}),
    )


async def test_an_intent_is_prepared_and_no_money_moves(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database
) -> None:
    answer = await create(client, person)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"paymentIntentId", "clientSecret", "status"}
    assert body["status"] == "requires_confirmation"
    intent = await service.get_intent(db, UUID(body["paymentIntentId"]))
    assert (intent.user_id, intent.amount_cents, intent.order_id) == (person.id, 2450, None)
    assert await db.fetchval("SELECT status FROM sandbox.charges") == "requires_confirmation"


async def test_our_own_method_serves_too_but_not_cash_nor_a_strangers(
    app: Application, client: httpx.AsyncClient, person: SignedInPerson, db: Database, gateway: PaymentGateway
) -> None:
    card = await keep_card(db, gateway, person.id)
    assert (await create(client, person, paymentMethodId=str(card.id))).status_code == 200
    cash = await keep_cash(db, person.id)
    refused = await create(client, person, paymentMethodId=str(cash.id))
    assert (refused.status_code, refused.json()["code"]) == (422, "TENDER_NOT_ALLOWED")
    stranger = await signed_in(app)
    refused = await create(client, stranger, paymentMethodId=str(card.id))
    assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")
    refused = await create(client, stranger, paymentMethodId=card.external_id)
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert await db.fetchval("SELECT count(*) FROM sandbox.charges") == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": 1.234}, "amount"),
        ({"amount": 1e12}, "amount"),
        ({"amount": "much"}, "amount"),
        ({"amount": None}, "amount"),
        ({"paymentMethodId": ""}, "paymentMethodId"),
        ({"paymentMethodId": 7}, "paymentMethodId"),
        ({"paymentMethodId": "pm_unknown"}, "paymentMethodId"),
        ({"currency": "eur"}, "currency"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_stays_open(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database, body: dict[str, Any], field: str
) -> None:
    answer = await create(client, person, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert [problem["field"] for problem in answer.json()["details"]] == [field]
    assert await db.fetchval("SELECT count(*) FROM payment_intents WHERE status <> 'cancelled'") == 0


async def test_the_same_key_prepares_one_payment_however_often_it_is_sent(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database
) -> None:
    answers = await asyncio.gather(*(create(client, person, key="tab-1") for _ in range(5)))
    done = [one for one in answers if one.status_code == 200]
    assert done
    assert {one.json()["code"] for one in answers if one.status_code != 200} <= {"IDEMPOTENCY_IN_PROGRESS"}
    again = await create(client, person, key="tab-1")
    assert {one.content for one in [*done, again]} == {again.content}
    assert await db.fetchval("SELECT count(*) FROM payment_intents") == 1
    other = await create(client, person, key="tab-1", amount=25)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


async def test_a_refusal_is_kept_with_its_key(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database
) -> None:
    for _ in range(2):
        missing = await create(client, person, key="k1", paymentMethodId=str(UUID(int=7)))
        assert missing.status_code == 404
        unknown = await create(client, person, key="k2", paymentMethodId="pm_unknown")
        assert unknown.status_code == 422
    assert await db.fetchval("SELECT count(*) FROM payment_intents") == 1


async def test_an_order_adopts_an_intent_and_confirming_it_pays(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database, gateway: PaymentGateway
) -> None:
    card = await keep_card(db, gateway, person.id)
    ref = (await create(client, person)).json()["paymentIntentId"]
    order_id = await bare_order(db, card)
    adopted = await adopt(db, person.id, ref, order_id)
    assert (adopted.order_id, adopted.status, adopted.expires_at) == (order_id, "requires_confirmation", None)
    assert await adopt(db, person.id, ref, order_id) == adopted
    result = await service.charge(db, only(gateway), adopted, card)
    assert (await settle(db, adopted.id, result)).status == "succeeded"
    assert await db.fetchval("SELECT count(*) FROM sandbox.charges") == 1


async def test_one_paid_on_the_clients_side_is_adopted_as_paid_by_the_gateways_id(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database, gateway: PaymentGateway
) -> None:
    card = await keep_card(db, gateway, person.id)
    prepared = (await create(client, person)).json()
    assert (await complete(client, prepared["clientSecret"])).status_code == 200
    await jobs.ask_again(db, only(gateway), older_than=jobs.SILENT_AFTER * 0)
    adopted = await adopt(
        db, person.id, prepared["clientSecret"].partition("_secret_")[0], await bare_order(db, card)
    )
    assert (str(adopted.id), adopted.status) == (prepared["paymentIntentId"], "succeeded")
    assert (await service.charge(db, only(gateway), adopted, card)).status == "succeeded"


async def test_two_orders_cannot_share_an_intent(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database, gateway: PaymentGateway
) -> None:
    card = await keep_card(db, gateway, person.id)
    ref = (await create(client, person)).json()["paymentIntentId"]
    orders = [await bare_order(db, card) for _ in range(4)]
    tries = await asyncio.gather(*(adopt(db, person.id, ref, one) for one in orders), return_exceptions=True)
    assert sum(isinstance(one, Intent) for one in tries) == 1
    assert sum(isinstance(one, IntentNotUsable) for one in tries) == 3


async def test_what_an_order_cannot_adopt(
    app: Application, client: httpx.AsyncClient, person: SignedInPerson, db: Database, gateway: PaymentGateway
) -> None:
    card = await keep_card(db, gateway, person.id)
    order_id = await bare_order(db, card)
    ref = (await create(client, person)).json()["paymentIntentId"]
    stranger = await signed_in(app)
    for user_id, name in ((stranger.id, ref), (person.id, "pi_nothing"), (person.id, str(new_id()))):
        with pytest.raises(IntentNotFound):
            await adopt(db, user_id, name, order_id)
    with pytest.raises(IntentNotUsable):
        await adopt(db, person.id, ref, order_id, 2451)
    await open_intent(db, card, order_id)
    with pytest.raises(PaymentUnderWay):
        await adopt(db, person.id, ref, order_id)
    await db.fetchval("UPDATE payment_intents SET expires_at = now() WHERE order_id IS NULL")
    with pytest.raises(IntentNotUsable):
        await adopt(db, person.id, ref, await bare_order(db, card))
    assert (await service.get_intent(db, UUID(ref))).order_id is None


async def test_an_unadopted_intent_is_cancelled_after_fifteen_minutes_and_not_before(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database, gateway: PaymentGateway
) -> None:
    intent_id = UUID((await create(client, person)).json()["paymentIntentId"])
    await jobs.end_abandoned(db, only(gateway))
    assert (await service.get_intent(db, intent_id)).status == "requires_confirmation"
    await db.fetchval("UPDATE payment_intents SET expires_at = now()")
    await jobs.end_abandoned(db, only(gateway))
    assert (await service.get_intent(db, intent_id)).status == "cancelled"
    assert await db.fetchval("SELECT status FROM sandbox.charges") == "cancelled"


async def test_money_of_an_unadopted_intent_goes_back(
    client: httpx.AsyncClient,
    person: SignedInPerson,
    db: Database,
    gateway: PaymentGateway,
    drain: Callable[[], Awaitable[None]],
) -> None:
    prepared = (await create(client, person)).json()
    await complete(client, prepared["clientSecret"])
    await jobs.ask_again(db, only(gateway), older_than=jobs.SILENT_AFTER * 0)
    await jobs.end_abandoned(db, only(gateway))
    assert await db.fetchval("SELECT status FROM payment_intents") == "succeeded"
    await db.fetchval("UPDATE payment_intents SET expires_at = now()")
    for _ in range(2):
        await jobs.end_abandoned(db, only(gateway))
    await drain()
    assert await db.fetchval("SELECT status FROM payment_intents") == "surplus"
    assert await db.fetchval("SELECT refunded_cents FROM sandbox.charges") == 2450
    assert await db.fetchval("SELECT count(*) FROM refunds") == 1
