"""Connections that break before, and after Stripe has worked: a repetition makes nothing twice."""

from collections.abc import Awaitable, Callable

import pytest

from faded_skies.adapters.stripe.gateway import StripeGateway
from faded_skies.domains.payments.errors import GatewayUnavailable, UnknownPaymentMethod
from faded_skies.domains.payments.ports import ChargeRequest, ChargeStatus
from faded_skies.platform.ids import new_id
from peers.stripe_proxy import Fault, StripeProxy

BREAKS: tuple[Fault, ...] = ("before", "after", "500", "409")


def request(customer: str, method: str = "pm_card_visa", *, captures_later: bool = False) -> ChargeRequest:
    return ChargeRequest(new_id(), customer, 2450, method, captures_later=captures_later)


async def broken(call: Callable[[], Awaitable[object]], proxy: StripeProxy, path: str, fault: Fault) -> None:
    """Make a call whose first try and whose SDK's own retry both break."""
    proxy.fail(path, fault, fault)
    with pytest.raises(GatewayUnavailable):
        await call()


@pytest.mark.parametrize("fault", BREAKS)
async def test_a_charge_whose_answer_was_lost_is_made_once(
    gateway: StripeGateway, proxy: StripeProxy, customer: str, fault: Fault
) -> None:
    asked = request(customer)
    await broken(lambda: gateway.charge(asked), proxy, "/v1/payment_intents", fault)
    found = await gateway.retrieve(asked.intent_id, customer=customer, external_id=None)
    assert (found is not None) == (fault == "after")
    result = await gateway.charge(asked)
    assert result.status is ChargeStatus.SUCCEEDED
    assert await proxy.count("payment_intents") == 1
    assert await proxy.count("charges") == 1


@pytest.mark.parametrize("fault", BREAKS)
async def test_a_confirmation_whose_answer_was_lost_charges_once(
    gateway: StripeGateway, proxy: StripeProxy, customer: str, fault: Fault
) -> None:
    prepared = await gateway.create(request(customer))
    assert prepared.external_id is not None
    pi = prepared.external_id
    await broken(lambda: gateway.confirm(pi, "pm_card_visa"), proxy, r".*/confirm", fault)
    assert (await gateway.confirm(pi, "pm_card_visa")).status is ChargeStatus.SUCCEEDED
    assert await proxy.count("charges") == 1


@pytest.mark.parametrize("fault", BREAKS)
async def test_a_capture_whose_answer_was_lost_takes_once(
    gateway: StripeGateway, proxy: StripeProxy, customer: str, fault: Fault
) -> None:
    promised = await gateway.charge(request(customer, captures_later=True))
    assert promised.external_id is not None
    pi = promised.external_id
    await broken(lambda: gateway.capture(pi), proxy, r".*/capture", fault)
    assert (await gateway.capture(pi)).status is ChargeStatus.SUCCEEDED


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("fault", BREAKS)
async def test_a_refund_whose_answer_was_lost_is_made_once(
    gateway: StripeGateway, proxy: StripeProxy, customer: str, fault: Fault, *, forgets: bool
) -> None:
    paid = await gateway.charge(request(customer))
    assert paid.external_id is not None
    pi, refund_id = paid.external_id, new_id()
    await broken(lambda: gateway.refund(refund_id, pi, 2450), proxy, "/v1/refunds", fault)
    if forgets:
        proxy.forget_keys()  # a day later: the whole amount is back already, and that refund is ours
    assert (await gateway.refund(refund_id, pi, 2450)).status == "succeeded"
    assert await proxy.count("refunds") == 1


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_an_attachment_whose_answer_was_lost_keeps_the_card_once(
    gateway: StripeGateway, proxy: StripeProxy, customer: str, fault: Fault
) -> None:
    card = await gateway.attach(customer, "pm_card_visa")
    await broken(lambda: gateway.attach(customer, card.external_id), proxy, r".*/attach", fault)
    assert await gateway.attach(customer, card.external_id) == card
    other = await gateway.open_customer(new_id())
    with pytest.raises(UnknownPaymentMethod):
        await gateway.attach(other, card.external_id)


@pytest.mark.parametrize("fault", BREAKS)
async def test_a_person_whose_opening_was_lost_is_one_customer(
    gateway: StripeGateway, proxy: StripeProxy, fault: Fault
) -> None:
    person = new_id()
    await broken(lambda: gateway.open_customer(person), proxy, "/v1/customers", fault)
    name = await gateway.open_customer(person)
    assert await gateway.open_customer(person) == name
    assert await proxy.count("customers") == 1


@pytest.mark.parametrize("fault", ["429", "401"])
async def test_limits_and_a_wrong_key_are_an_outage_and_nothing_is_made(
    gateway: StripeGateway, proxy: StripeProxy, customer: str, fault: Fault
) -> None:
    asked = request(customer)
    proxy.fail("/v1/payment_intents", fault)
    with pytest.raises(GatewayUnavailable):
        await gateway.charge(asked)
    assert await proxy.count("payment_intents") == 0
    assert (await gateway.charge(asked)).status is ChargeStatus.SUCCEEDED


async def test_one_lost_answer_is_mended_by_the_sdk_itself(
    gateway: StripeGateway, proxy: StripeProxy, customer: str
) -> None:
    proxy.fail("/v1/payment_intents", "after")
    assert (await gateway.charge(request(customer))).status is ChargeStatus.SUCCEEDED
    assert len(set(proxy.keys("/v1/payment_intents"))) == 1
    assert await proxy.count("payment_intents") == 1
