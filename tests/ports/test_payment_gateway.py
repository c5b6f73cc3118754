"""What every payment gateway must do: the built-in sandbox, and Stripe's adapter on an independent peer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.adapters.sandbox.store import open_pool
from faded_skies.domains.payments.errors import CardDeclined, IntentNotFound, UnknownPaymentMethod
from faded_skies.domains.payments.ports import ChargeRequest, ChargeStatus, PaymentGateway
from faded_skies.platform.ids import new_id
from faded_skies.platform.outbound import NetworkInsideTransactionError, transaction_open
from stripe_peer import Localstripe, stripe_gateway, stripe_proxy

DECLINES = {
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_visa_chargeDeclinedLostCard": "lost_card",
    "pm_card_visa_chargeDeclinedStolenCard": "stolen_card",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
    "pm_card_chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "pm_card_chargeDeclinedProcessingError": "processing_error",
}


@pytest.fixture(params=["sandbox", "stripe"])
async def gateway(
    request: pytest.FixtureRequest, database_url: str, stripe_peer: Localstripe
) -> AsyncIterator[PaymentGateway]:
    async with AsyncExitStack() as stack:
        if request.param == "stripe":
            stripe_peer.ready()
            _, address = await stack.enter_async_context(stripe_proxy(stripe_peer.address))
            yield await stack.enter_async_context(stripe_gateway(address))
        else:
            pool = await open_pool(database_url)
            stack.push_async_callback(pool.close)
            yield SandboxGateway(pool, secret=b"a secret")


@pytest.fixture
async def customer(gateway: PaymentGateway) -> str:
    return await gateway.open_customer(new_id())


def request(
    customer: str, method: str, amount_cents: int = 2450, *, captures_later: bool = False
) -> ChargeRequest:
    return ChargeRequest(new_id(), customer, amount_cents, method, captures_later=captures_later)


async def test_a_person_is_one_customer_however_often_they_are_opened_at_once(
    gateway: PaymentGateway,
) -> None:
    person = new_id()
    names = await asyncio.gather(*(gateway.open_customer(person) for _ in range(3)))
    assert await gateway.open_customer(person) == names[0]
    assert len(set(names)) == 1
    assert await gateway.open_customer(new_id()) != names[0]


@pytest.mark.parametrize(
    ("token", "brand", "last_four"),
    [("pm_card_visa", "visa", "4242"), ("pm_card_mastercard", "mastercard", "4444")],
)
async def test_a_good_card_is_attached_under_an_id_of_its_own(
    gateway: PaymentGateway, customer: str, token: str, brand: str, last_four: str
) -> None:
    details = await gateway.attach(customer, token)
    assert (details.brand, details.last_four, details.wallet) == (brand, last_four, None)
    assert details.external_id != token
    assert await gateway.attach(customer, details.external_id) == details
    assert list(await gateway.list_methods(customer)) == [details]


@pytest.mark.parametrize(("token", "code"), DECLINES.items())
async def test_a_card_the_bank_refuses_is_neither_attached_nor_charged(
    gateway: PaymentGateway, customer: str, token: str, code: str
) -> None:
    with pytest.raises(CardDeclined) as refused:
        await gateway.attach(customer, token)
    assert refused.value.facts == {"declineCode": code}
    assert list(await gateway.list_methods(customer)) == []
    asked = request(customer, token)
    result = await gateway.charge(asked)
    assert (result.status, result.decline_code) == (ChargeStatus.DECLINED, code)
    found = await gateway.retrieve(asked.intent_id, customer=customer, external_id=result.external_id)
    assert found is not None
    assert (found.status, found.decline_code) == (ChargeStatus.DECLINED, code)


async def test_a_card_may_attach_well_and_fail_when_it_is_charged(
    gateway: PaymentGateway, customer: str
) -> None:
    details = await gateway.attach(customer, "pm_card_chargeCustomerFail")
    asked = request(customer, details.external_id)
    first = await gateway.charge(asked)
    assert (first.status, first.decline_code) == (ChargeStatus.DECLINED, "generic_decline")
    assert await gateway.charge(asked) == first
    assert first.external_id is not None
    assert (await gateway.cancel(first.external_id)).status is ChargeStatus.CANCELLED


async def test_unknown_and_foreign_methods_are_refused_alike(gateway: PaymentGateway, customer: str) -> None:
    foreign = await gateway.attach(await gateway.open_customer(new_id()), "pm_card_visa")
    for token in ("pm_nothing", foreign.external_id):
        asked = request(customer, token)
        with pytest.raises(UnknownPaymentMethod):
            await gateway.attach(customer, token)
        with pytest.raises(UnknownPaymentMethod):
            await gateway.charge(asked)
        with pytest.raises(UnknownPaymentMethod):
            await gateway.create(asked)
        assert await gateway.retrieve(asked.intent_id, customer=customer, external_id=None) is None


async def test_a_forgotten_card_cannot_be_charged(gateway: PaymentGateway, customer: str) -> None:
    details = await gateway.attach(customer, "pm_card_visa")
    await gateway.detach(details.external_id)
    await gateway.detach(details.external_id)
    await gateway.detach("pm_nothing")
    with pytest.raises(UnknownPaymentMethod):
        await gateway.charge(request(customer, details.external_id))
    assert list(await gateway.list_methods(customer)) == []


async def test_a_forgotten_customer_has_no_cards(gateway: PaymentGateway, customer: str) -> None:
    await gateway.attach(customer, "pm_card_visa")
    await gateway.forget_customer(customer)
    await gateway.forget_customer(customer)
    assert list(await gateway.list_methods(customer)) == []
    assert list(await gateway.list_methods("cus_nobody")) == []


async def test_a_kept_card_becomes_the_default(gateway: PaymentGateway, customer: str) -> None:
    details = await gateway.attach(customer, "pm_card_visa")
    await gateway.set_default(customer, details.external_id)
    with pytest.raises(UnknownPaymentMethod):
        await gateway.set_default(customer, "pm_nothing")


async def test_one_intent_is_charged_once_however_often_it_is_asked(
    gateway: PaymentGateway, customer: str
) -> None:
    asked = request(customer, "pm_card_visa")
    first = await gateway.charge(asked)
    again = [await gateway.charge(asked) for _ in range(2)]
    assert first.status is ChargeStatus.SUCCEEDED
    assert {result.external_id for result in again} == {first.external_id}
    found = await gateway.retrieve(asked.intent_id, customer=customer, external_id=first.external_id)
    assert found is not None
    assert (found.status, found.external_id) == (ChargeStatus.SUCCEEDED, first.external_id)
    other = await gateway.charge(request(customer, "pm_card_visa"))
    assert other.external_id != first.external_id


async def test_a_charge_is_found_by_our_id_alone(gateway: PaymentGateway, customer: str) -> None:
    asked = request(customer, "pm_card_visa")
    await gateway.charge(request(customer, "pm_card_visa"))
    result = await gateway.charge(asked)
    found = await gateway.retrieve(asked.intent_id, customer=customer, external_id=None)
    assert found is not None
    assert found.external_id == result.external_id
    assert await gateway.retrieve(new_id(), customer=customer, external_id=None) is None


async def test_what_the_gateway_keeps_is_told_once_the_money_is_there(
    gateway: PaymentGateway, customer: str
) -> None:
    asked = request(customer, "pm_card_visa", 10_000)
    prepared = await gateway.create(asked)
    assert prepared.fee_cents is None
    assert prepared.external_id is not None
    paid = await gateway.confirm(prepared.external_id, "pm_card_visa")
    assert paid.fee_cents == 320


async def test_a_prepared_charge_takes_money_only_when_confirmed(
    gateway: PaymentGateway, customer: str
) -> None:
    asked = request(customer, "pm_card_visa")
    prepared = await gateway.create(asked)
    assert (prepared.status, await gateway.create(asked)) == (ChargeStatus.REQUIRES_CONFIRMATION, prepared)
    assert prepared.external_id is not None
    assert prepared.client_secret is not None
    paid = await gateway.confirm(prepared.external_id, "pm_card_mastercard")
    assert paid.status is ChargeStatus.SUCCEEDED
    again = await gateway.confirm(prepared.external_id, "pm_card_chargeDeclined")
    assert (again.status, again.external_id) == (ChargeStatus.SUCCEEDED, prepared.external_id)


async def test_a_prepared_charge_may_be_declined_and_confirmed_by_another_card(
    gateway: PaymentGateway, customer: str
) -> None:
    prepared = await gateway.create(request(customer, "pm_card_visa"))
    assert prepared.external_id is not None
    declined = await gateway.confirm(prepared.external_id, "pm_card_chargeDeclinedInsufficientFunds")
    assert (declined.status, declined.decline_code) == (ChargeStatus.DECLINED, "insufficient_funds")
    assert (await gateway.confirm(prepared.external_id, "pm_card_visa")).status is ChargeStatus.SUCCEEDED


async def test_a_card_that_asks_authentication_waits_for_it(gateway: PaymentGateway, customer: str) -> None:
    asked = request(customer, "pm_card_authenticationRequired")
    result = await gateway.charge(asked)
    assert result.status is ChargeStatus.REQUIRES_ACTION
    assert result.client_secret is not None
    assert await gateway.charge(asked) == result
    assert result.external_id is not None
    assert (await gateway.confirm(result.external_id, "pm_card_visa")).status is ChargeStatus.REQUIRES_ACTION


async def test_a_charge_the_gateway_never_heard_of_is_none(gateway: PaymentGateway) -> None:
    assert await gateway.retrieve(new_id(), customer=None, external_id=None) is None


async def test_a_cancelled_charge_stays_cancelled(gateway: PaymentGateway, customer: str) -> None:
    waiting = await gateway.charge(request(customer, "pm_card_authenticationRequired"))
    assert waiting.external_id is not None
    for _ in range(2):
        assert (await gateway.cancel(waiting.external_id)).status is ChargeStatus.CANCELLED
    assert (await gateway.confirm(waiting.external_id, "pm_card_visa")).status is ChargeStatus.CANCELLED
    assert (await gateway.capture(waiting.external_id)).status is ChargeStatus.CANCELLED
    assert (await gateway.refund(new_id(), waiting.external_id, 1)).status == "failed"


async def test_cancelling_too_late_answers_that_it_succeeded(gateway: PaymentGateway, customer: str) -> None:
    paid = await gateway.charge(request(customer, "pm_card_visa"))
    assert paid.external_id is not None
    late = await gateway.cancel(paid.external_id)
    assert (late.status, late.external_id) == (ChargeStatus.SUCCEEDED, paid.external_id)


async def test_authorised_money_is_taken_once_and_later(gateway: PaymentGateway, customer: str) -> None:
    asked = request(customer, "pm_card_visa", captures_later=True)
    promised = await gateway.charge(asked)
    assert (promised.status, promised.fee_cents) == (ChargeStatus.AUTHORIZED, None)
    assert promised.external_id is not None
    assert (await gateway.confirm(promised.external_id, "pm_card_visa")).status is ChargeStatus.AUTHORIZED
    assert (await gateway.refund(new_id(), promised.external_id, 1)).status == "failed"
    for _ in range(2):
        assert (await gateway.capture(promised.external_id)).status is ChargeStatus.SUCCEEDED
    assert (await gateway.refund(new_id(), promised.external_id, 2450)).status == "succeeded"


async def test_authorised_money_can_be_released(gateway: PaymentGateway, customer: str) -> None:
    promised = await gateway.charge(request(customer, "pm_card_visa", captures_later=True))
    assert promised.external_id is not None
    assert (await gateway.cancel(promised.external_id)).status is ChargeStatus.CANCELLED
    assert (await gateway.capture(promised.external_id)).status is ChargeStatus.CANCELLED


async def test_a_refund_is_made_once_and_never_above_the_rest(gateway: PaymentGateway, customer: str) -> None:
    paid = await gateway.charge(request(customer, "pm_card_visa", 1000))
    assert paid.external_id is not None
    refund_id, second = new_id(), new_id()
    first = await gateway.refund(refund_id, paid.external_id, 600)
    assert first.status == "succeeded"
    assert await gateway.refund(refund_id, paid.external_id, 600) == first
    assert (await gateway.refund(new_id(), paid.external_id, 401)).status == "failed"
    assert (await gateway.refund(second, paid.external_id, 400)).status == "succeeded"
    assert (await gateway.refund(new_id(), paid.external_id, 1)).status == "failed"
    listed = await gateway.list_refunds(paid.external_id)
    assert {(one.refund_id, one.amount_cents, one.result.status) for one in listed} == {
        (refund_id, 600, "succeeded"),
        (second, 400, "succeeded"),
    }


async def test_a_dispute_that_nobody_opened_is_none(gateway: PaymentGateway) -> None:
    assert await gateway.find_dispute("dp_nothing") is None


async def test_a_charge_that_is_not_there_is_told_so(gateway: PaymentGateway) -> None:
    for call in (gateway.cancel, gateway.capture):
        with pytest.raises(IntentNotFound):
            await call("pi_nothing")
    with pytest.raises(IntentNotFound):
        await gateway.confirm("pi_nothing", "pm_card_visa")


async def test_it_is_never_called_inside_a_transaction(gateway: PaymentGateway, customer: str) -> None:
    asked = request(customer, "pm_card_visa")
    token = transaction_open.set(True)
    try:
        for call in (
            gateway.charge(asked),
            gateway.open_customer(new_id()),
            gateway.capture("pi_1"),
            gateway.cancel("pi_1"),
            gateway.refund(new_id(), "pi_1", 1),
        ):
            with pytest.raises(NetworkInsideTransactionError):
                await call
    finally:
        transaction_open.reset(token)
    assert await gateway.retrieve(asked.intent_id, customer=customer, external_id=None) is None
