"""Where the peer says yes and Stripe would say no.

Our proxy refuses these before they reach it; should one of them change, this tells, and the proxy can let go of it.
Nothing else in these tests may lean on the peer for them.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from stripe_peer import Localstripe

JSON = dict[str, Any]


@pytest.fixture
async def peer(stripe_peer: Localstripe) -> AsyncIterator[httpx.AsyncClient]:
    stripe_peer.ready()
    headers = {"Authorization": "Bearer sk_test_123456"}
    async with httpx.AsyncClient(base_url=stripe_peer.address, headers=headers) as client:
        yield client


async def post(peer: httpx.AsyncClient, path: str, **params: str) -> httpx.Response:
    return await peer.post(f"/v1/{path}", data=params)


async def card(peer: httpx.AsyncClient, number: str) -> str:
    params = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2031", "card[cvc]": "123"}
    made: JSON = (await post(peer, "payment_methods", type="card", **params)).json()
    return str(made["id"])


async def charge(peer: httpx.AsyncClient, method: str, **params: str) -> httpx.Response:
    return await post(
        peer,
        "payment_intents",
        amount="1000",
        currency="usd",
        payment_method=method,
        confirm="true",
        **params,
    )


@pytest.mark.parametrize(
    "number",
    [
        "4000000000000002",
        "4000000000009995",
        "4000000000000069",
        "4000000000000127",
        "4000000000000119",
        "4100000000000019",
    ],
)
async def test_cards_that_decline_are_charged_when_they_were_not_attached(
    peer: httpx.AsyncClient, number: str
) -> None:
    assert (await charge(peer, await card(peer, number))).json()["status"] == "succeeded"


async def test_a_test_card_that_declines_is_charged(peer: httpx.AsyncClient) -> None:
    assert (await charge(peer, "pm_card_visa_chargeDeclined")).json()["status"] == "succeeded"


async def test_refunds_pass_what_was_paid(peer: httpx.AsyncClient) -> None:
    paid = (await charge(peer, await card(peer, "4242424242424242"))).json()
    for amount in ("1000", "1000", "99999"):
        refund = await post(peer, "refunds", payment_intent=paid["id"], amount=amount)
        assert refund.json()["status"] == "succeeded"


async def test_a_detached_card_is_charged(peer: httpx.AsyncClient) -> None:
    customer = (await post(peer, "customers")).json()["id"]
    method = await card(peer, "4242424242424242")
    await post(peer, f"payment_methods/{method}/attach", customer=customer)
    await post(peer, f"payment_methods/{method}/detach")
    assert (await charge(peer, method, customer=customer)).json()["status"] == "succeeded"


async def test_idempotency_keys_are_ignored(peer: httpx.AsyncClient) -> None:
    method = await card(peer, "4242424242424242")
    peer.headers["Idempotency-Key"] = "the-same"
    first, second = await charge(peer, method), await charge(peer, method)
    assert first.json()["id"] != second.json()["id"]


async def test_a_decline_says_neither_why_nor_of_which_payment(peer: httpx.AsyncClient) -> None:
    refused = await charge(peer, await card(peer, "4000000000000341"))
    assert refused.status_code == 402
    assert {"decline_code", "payment_intent"} & set(refused.json()["error"]) == set()
