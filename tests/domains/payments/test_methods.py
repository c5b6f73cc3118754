"""A person's payment methods."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import httpx
import pytest

from factories.identity import SignedInPerson, signed_in
from factories.payments import card_gateway
from faded_skies.bootstrap import Application
from faded_skies.domains.payments import service
from faded_skies.domains.payments.errors import UnknownPaymentMethod
from faded_skies.domains.payments.ports import ChargeRequest
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

METHODS = "/api/payments/methods"


@pytest.fixture
async def person(app: Application) -> SignedInPerson:
    return await signed_in(app)


async def add(client: httpx.AsyncClient, person: SignedInPerson, **body: object) -> httpx.Response:
    return await client.post(METHODS, headers=person.headers, json=body)


async def listed(client: httpx.AsyncClient, person: SignedInPerson) -> list[dict[str, object]]:
    answer = await client.get(METHODS, headers=person.headers)
    assert answer.status_code == 200
    methods: list[dict[str, object]] = answer.json()["paymentMethods"]
    return methods


async def test_the_first_card_becomes_primary_and_shows_no_vendors_id(
    client: httpx.AsyncClient, person: SignedInPerson
) -> None:
    first = await add(client, person, type="card", stripePaymentMethodId="pm_card_visa")
    assert first.status_code == 201
    method = first.json()["paymentMethod"]
    assert date.fromisoformat(method.pop("expiresAt")) > date(2026, 1, 1)
    assert method == {
        "id": method["id"],
        "type": "card",
        "provider": "sandbox",
        "lastFour": "4242",
        "cardBrand": "visa",
        "isPrimary": True,
    }
    second = await add(client, person, type="apple_pay", stripePaymentMethodId="pm_card_amex")
    assert second.json()["paymentMethod"]["isPrimary"] is False
    assert [one["type"] for one in await listed(client, person)] == ["card", "apple_pay"]


async def test_cash_and_coins_need_no_card_and_exist_once(
    client: httpx.AsyncClient, person: SignedInPerson
) -> None:
    ids = set()
    for _ in range(2):
        answer = await add(client, person, type="cash")
        assert answer.status_code == 201
        ids.add(answer.json()["paymentMethod"]["id"])
    coins = (await add(client, person, type="fs_coin")).json()["paymentMethod"]
    assert len(ids) == 1
    assert (coins["provider"], coins["lastFour"], coins["expiresAt"]) == ("shop", None, None)
    assert len(await listed(client, person)) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "card"}, "stripePaymentMethodId"),
        ({"type": "google_pay", "stripePaymentMethodId": None}, "stripePaymentMethodId"),
        ({"type": "card", "stripePaymentMethodId": "pm_no_such_card"}, "stripePaymentMethodId"),
        ({"type": "card", "stripePaymentMethodId": " "}, "stripePaymentMethodId"),
        ({"type": "card", "stripePaymentMethodId": "pm_\x00"}, "stripePaymentMethodId"),
        ({"type": "cash", "stripePaymentMethodId": "pm_card_visa"}, "stripePaymentMethodId"),
        ({"type": "cheque"}, "type"),
        ({"type": "cash", "cvv": "123"}, "cvv"),
        ({}, "type"),
    ],
)
async def test_a_wrong_method_is_refused_by_its_field_and_nothing_is_kept(
    client: httpx.AsyncClient, person: SignedInPerson, body: dict[str, object], field: str
) -> None:
    answer = await add(client, person, **body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert [problem["field"] for problem in answer.json()["details"]] == [field]
    assert await listed(client, person) == []


async def test_a_declined_card_is_402_and_not_kept(client: httpx.AsyncClient, person: SignedInPerson) -> None:
    answer = await add(
        client, person, type="card", stripePaymentMethodId="pm_card_visa_chargeDeclinedInsufficientFunds"
    )
    assert answer.status_code == 402
    assert (answer.json()["code"], answer.json()["declineCode"]) == ("PAYMENT_FAILED", "insufficient_funds")
    assert await listed(client, person) == []


async def test_primary_moves_and_cannot_be_given_up(
    client: httpx.AsyncClient, person: SignedInPerson
) -> None:
    card = (await add(client, person, type="card", stripePaymentMethodId="pm_card_visa")).json()
    cash = (await add(client, person, type="cash")).json()
    card_url, cash_url = (f"{METHODS}/{one['paymentMethod']['id']}" for one in (card, cash))
    moved = await client.patch(cash_url, headers=person.headers, json={"isPrimary": True})
    assert (moved.status_code, moved.json()["paymentMethod"]["isPrimary"]) == (200, True)
    assert [(one["type"], one["isPrimary"]) for one in await listed(client, person)] == [
        ("cash", True),
        ("card", False),
    ]
    refused = await client.patch(cash_url, headers=person.headers, json={"isPrimary": False})
    assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    same = await client.patch(card_url, headers=person.headers, json={"isPrimary": False})
    assert (same.status_code, same.json()["paymentMethod"]["isPrimary"]) == (200, False)


async def test_a_race_for_primary_ends_with_exactly_one(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database
) -> None:
    tokens = ["pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_jcb"]
    added = await asyncio.gather(
        *(add(client, person, type="card", stripePaymentMethodId=token) for token in tokens),
        *(add(client, person, type="cash") for _ in range(3)),
    )
    assert {one.status_code for one in added} == {201}
    urls = {f"{METHODS}/{one.json()['paymentMethod']['id']}" for one in added}
    assert len(urls) == 5
    moved = await asyncio.gather(
        *(client.patch(url, headers=person.headers, json={"isPrimary": True}) for url in urls)
    )
    assert {one.status_code for one in moved} == {200}
    assert await db.fetchval("SELECT count(*) FROM payment_methods WHERE is_primary") == 1


async def test_a_removed_card_is_gone_its_heir_is_primary_and_the_gateway_forgets_it(
    app: Application,
    client: httpx.AsyncClient,
    person: SignedInPerson,
    db: Database,
    drain: Callable[[], Awaitable[None]],
) -> None:
    card = (await add(client, person, type="card", stripePaymentMethodId="pm_card_visa")).json()
    await add(client, person, type="cash")
    url = f"{METHODS}/{card['paymentMethod']['id']}"
    external_id = await db.fetchval("SELECT external_id FROM payment_methods WHERE external_id IS NOT NULL")
    assert (await client.delete(url, headers=person.headers)).status_code == 204
    assert (await client.delete(url, headers=person.headers)).status_code == 404
    assert [(one["type"], one["isPrimary"]) for one in await listed(client, person)] == [("cash", True)]
    await drain()
    gateway = card_gateway(app)
    customer = await service.get_customer(db, gateway, person.id)
    with pytest.raises(UnknownPaymentMethod):
        await gateway.charge(ChargeRequest(new_id(), customer, 100, external_id))


async def test_a_strangers_method_does_not_exist(
    app: Application, client: httpx.AsyncClient, person: SignedInPerson
) -> None:
    stranger = await signed_in(app)
    card = (await add(client, person, type="card", stripePaymentMethodId="pm_card_visa")).json()
    url = f"{METHODS}/{card['paymentMethod']['id']}"
    for answer in (
        await client.patch(url, headers=stranger.headers, json={"isPrimary": True}),
        await client.delete(url, headers=stranger.headers),
        await client.delete(f"{METHODS}/{new_id()}", headers=person.headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert await listed(client, stranger) == []
    assert len(await listed(client, person)) == 1


async def test_nobody_gets_in_without_a_token(client: httpx.AsyncClient) -> None:
    for method, url in (("GET", METHODS), ("POST", METHODS), ("POST", "/api/payments/create-intent")):
        answer = await client.request(method, url)
        assert (answer.status_code, answer.json()["code"]) in {
            (401, "TOKEN_REQUIRED"),
            (422, "VALIDATION_ERROR"),
        }
