"""What every payment gateway must do. Runs on the sandbox; a real one joins by the fixture below."""

import asyncio
from uuid import UUID

import pytest

from faded_skies.bootstrap import Application
from faded_skies.domains.payments.errors import CardDeclined, UnknownPaymentMethod
from faded_skies.domains.payments.ports import ChargeRequest, ChargeStatus, PaymentGateway
from faded_skies.platform.ids import new_id
from faded_skies.platform.outbound import NetworkInsideTransactionError

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


@pytest.fixture(params=["sandbox"])
def gateway(request: pytest.FixtureRequest, app: Application) -> PaymentGateway:
    found: PaymentGateway = app.ports.get(PaymentGateway)
    assert found.name == request.param
    return found


@pytest.fixture
def customer() -> UUID:
    return new_id()


def request(customer: UUID, method: str, amount_cents: int = 2450) -> ChargeRequest:
    return ChargeRequest(new_id(), customer, amount_cents, method)


@pytest.mark.parametrize(
    ("token", "brand", "last_four"),
    [
        ("pm_card_visa", "visa", "4242"),
        ("pm_card_mastercard", "mastercard", "4444"),
        ("pm_card_amex", "amex", "0005"),
    ],
)
async def test_a_good_card_is_attached_under_an_id_of_its_own(
    gateway: PaymentGateway, customer: UUID, token: str, brand: str, last_four: str
) -> None:
    details = await gateway.attach(customer, token)
    assert (details.brand, details.last_four) == (brand, last_four)
    assert details.external_id != token
    assert await gateway.attach(customer, details.external_id) == details


@pytest.mark.parametrize(("token", "code"), DECLINES.items())
async def test_a_card_the_bank_refuses_is_neither_attached_nor_charged(
    gateway: PaymentGateway, customer: UUID, token: str, code: str
) -> None:
    with pytest.raises(CardDeclined) as refused:
        await gateway.attach(customer, token)
    assert refused.value.facts == {"declineCode": code}
    result = await gateway.charge(request(customer, token))
    assert (result.status, result.decline_code) == (ChargeStatus.DECLINED, code)


async def test_a_card_may_attach_well_and_fail_when_it_is_charged(
    gateway: PaymentGateway, customer: UUID
) -> None:
    details = await gateway.attach(customer, "pm_card_chargeCustomerFail")
    asked = request(customer, details.external_id)
    first = await gateway.charge(asked)
    assert (first.status, first.decline_code) == (ChargeStatus.DECLINED, "generic_decline")
    assert await gateway.charge(asked) == first


async def test_unknown_and_foreign_methods_are_refused_alike(gateway: PaymentGateway, customer: UUID) -> None:
    foreign = await gateway.attach(new_id(), "pm_card_visa")
    for token in ("pm_nothing", foreign.external_id, ""):
        asked = request(customer, token)
        with pytest.raises(UnknownPaymentMethod):
            await gateway.attach(customer, token)
        with pytest.raises(UnknownPaymentMethod):
            await gateway.charge(asked)
        assert await gateway.retrieve(asked.intent_id, None) is None


async def test_a_forgotten_card_cannot_be_charged(gateway: PaymentGateway, customer: UUID) -> None:
    details = await gateway.attach(customer, "pm_card_visa")
    await gateway.detach(details.external_id)
    await gateway.detach(details.external_id)
    with pytest.raises(UnknownPaymentMethod):
        await gateway.charge(request(customer, details.external_id))


async def test_one_intent_is_charged_once_however_often_it_is_asked(
    gateway: PaymentGateway, customer: UUID
) -> None:
    asked = request(customer, "pm_card_visa")
    results = await asyncio.gather(*(gateway.charge(asked) for _ in range(5)))
    assert {result.status for result in results} == {ChargeStatus.SUCCEEDED}
    assert len({result.external_id for result in results}) == 1
    assert await gateway.retrieve(asked.intent_id, results[0].external_id) == results[0]
    other = await gateway.charge(request(customer, "pm_card_visa"))
    assert other.external_id != results[0].external_id


async def test_a_prepared_charge_takes_money_only_when_confirmed(
    gateway: PaymentGateway, customer: UUID
) -> None:
    asked = request(customer, "pm_card_visa")
    prepared = await gateway.create(asked)
    assert (prepared.status, await gateway.create(asked)) == (ChargeStatus.REQUIRES_CONFIRMATION, prepared)
    assert prepared.external_id is not None
    assert prepared.client_secret is not None
    paid = await gateway.confirm(prepared.external_id, "pm_card_mastercard")
    assert paid.status is ChargeStatus.SUCCEEDED
    assert await gateway.confirm(prepared.external_id, "pm_card_chargeDeclined") == paid


async def test_a_card_that_asks_authentication_waits_for_it(gateway: PaymentGateway, customer: UUID) -> None:
    asked = request(customer, "pm_card_authenticationRequired")
    result = await gateway.charge(asked)
    assert result.status is ChargeStatus.REQUIRES_ACTION
    assert result.client_secret is not None
    assert await gateway.charge(asked) == result


async def test_a_charge_the_gateway_never_heard_of_is_none(gateway: PaymentGateway) -> None:
    assert await gateway.retrieve(new_id(), None) is None


async def test_a_cancelled_charge_stays_cancelled(gateway: PaymentGateway, customer: UUID) -> None:
    asked = request(customer, "pm_card_authenticationRequired")
    waiting = await gateway.charge(asked)
    assert waiting.external_id is not None
    assert (await gateway.cancel(waiting.external_id)).status is ChargeStatus.CANCELLED
    assert (await gateway.confirm(waiting.external_id, "pm_card_visa")).status is ChargeStatus.CANCELLED
    assert (await gateway.charge(asked)).status is ChargeStatus.CANCELLED
    assert (await gateway.refund(new_id(), waiting.external_id, 1)).status == "failed"


async def test_cancelling_too_late_answers_that_it_succeeded(gateway: PaymentGateway, customer: UUID) -> None:
    paid = await gateway.charge(request(customer, "pm_card_visa"))
    assert paid.external_id is not None
    assert await gateway.cancel(paid.external_id) == paid


async def test_a_refund_is_made_once_and_never_above_the_rest(
    gateway: PaymentGateway, customer: UUID
) -> None:
    paid = await gateway.charge(request(customer, "pm_card_visa", 1000))
    assert paid.external_id is not None
    refund_id = new_id()
    first = await gateway.refund(refund_id, paid.external_id, 600)
    assert first.status == "succeeded"
    assert await gateway.refund(refund_id, paid.external_id, 600) == first
    assert (await gateway.refund(new_id(), paid.external_id, 401)).status == "failed"
    assert (await gateway.refund(new_id(), paid.external_id, 400)).status == "succeeded"
    assert (await gateway.refund(new_id(), paid.external_id, 1)).status == "failed"


async def test_it_is_never_called_inside_a_transaction(
    gateway: PaymentGateway, customer: UUID, app: Application
) -> None:
    asked = request(customer, "pm_card_visa")
    async with app.ports.db.transaction():
        with pytest.raises(NetworkInsideTransactionError):
            await gateway.charge(asked)
    assert await gateway.retrieve(asked.intent_id, None) is None
