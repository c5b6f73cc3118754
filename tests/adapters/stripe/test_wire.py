"""What goes over the wire to Stripe: idempotency keys, the pinned version, no more about people than is needed."""

from collections.abc import AsyncIterator

import httpx
import pytest

from faded_skies.adapters.stripe import charges, refunds
from faded_skies.adapters.stripe.gateway import StripeGateway
from faded_skies.adapters.stripe.opening import API_VERSION
from faded_skies.domains.payments.errors import GatewayUnavailable, UnknownPaymentMethod
from faded_skies.domains.payments.ports import ChargeRequest, ChargeStatus
from faded_skies.platform.ids import new_id
from peers.stripe_proxy import StripeProxy
from stripe_peer import Localstripe, stripe_gateway


@pytest.fixture
async def manual(proxied: tuple[StripeProxy, str]) -> AsyncIterator[StripeGateway]:
    async with stripe_gateway(proxied[1], confirmation="manual") as opened:
        yield opened


def request(
    customer: str, method: str = "pm_card_visa", *, amount_cents: int = 2450, captures_later: bool = False
) -> ChargeRequest:
    return ChargeRequest(new_id(), customer, amount_cents, method, captures_later=captures_later)


async def test_each_call_that_changes_money_carries_a_key_of_our_own_ids(
    gateway: StripeGateway, proxy: StripeProxy
) -> None:
    person = new_id()
    customer = await gateway.open_customer(person)
    assert proxy.keys("/v1/customers") == [f"customer-{person}"]
    prepared, charged = request(customer), request(customer, captures_later=True)
    made = await gateway.create(prepared)
    taken = await gateway.charge(charged)
    assert proxy.keys("/v1/payment_intents") == [
        f"intent-{prepared.intent_id}-create",
        f"intent-{charged.intent_id}-charge",
    ]
    assert made.external_id is not None
    assert taken.external_id is not None
    await gateway.confirm(made.external_id, "pm_card_visa")
    [key] = proxy.keys(f"/v1/payment_intents/{made.external_id}/confirm")
    assert key == f"{made.external_id}-confirm-pm_card_visa-requires_confirmation-none"
    await gateway.capture(taken.external_id)
    assert proxy.keys(r".*/capture") == [f"{taken.external_id}-capture"]
    refund_id = new_id()
    await gateway.refund(refund_id, taken.external_id, 100)
    assert proxy.keys("/v1/refunds") == [f"refund-{refund_id}"]
    waiting = await gateway.create(request(customer))
    assert waiting.external_id is not None
    await gateway.cancel(waiting.external_id)
    assert proxy.keys(r".*/cancel") == [f"{waiting.external_id}-cancel"]


async def test_a_charge_says_what_it_is_for_and_nothing_of_the_person(
    gateway: StripeGateway, proxy: StripeProxy
) -> None:
    person = new_id()
    customer = await gateway.open_customer(person)
    asked = request(customer, captures_later=True)
    await gateway.charge(asked)
    of_person, of_charge = [one.params for one in proxy.sent if one.method == "POST"]
    assert of_person == {"metadata[user_id]": str(person)}
    assert of_charge == {
        "amount": "2450",
        "currency": "usd",
        "customer": customer,
        "payment_method": "pm_card_visa",
        "payment_method_types[0]": "card",
        "capture_method": "manual",
        "confirmation_method": "automatic",
        "metadata[intent_id]": str(asked.intent_id),
        "expand[0]": "latest_charge.balance_transaction",
        "confirm": "true",
    }


async def test_the_version_is_pinned() -> None:
    assert API_VERSION == "2026-10-28.endive"


@pytest.mark.parametrize("is_manual", [False, True])
async def test_after_the_banks_step_the_charge_is_finished_in_both_ways_of_confirming(
    gateway: StripeGateway, manual: StripeGateway, proxy: StripeProxy, *, is_manual: bool
) -> None:
    chosen = manual if is_manual else gateway
    customer = await chosen.open_customer(new_id())
    card = await chosen.attach(customer, "pm_card_authenticationRequired")
    asked = request(customer, card.external_id)
    waiting = await chosen.charge(asked)
    assert waiting.status is ChargeStatus.REQUIRES_ACTION
    assert waiting.external_id is not None
    await proxy.authenticate(waiting.external_id, passed=True)
    found = await chosen.retrieve(asked.intent_id, customer=customer, external_id=waiting.external_id)
    assert found is not None
    assert found.status is (ChargeStatus.REQUIRES_CONFIRMATION if is_manual else ChargeStatus.SUCCEEDED)
    done = await chosen.confirm(waiting.external_id, card.external_id)
    assert done.status is ChargeStatus.SUCCEEDED
    assert await proxy.count("payment_intents") == 1


@pytest.mark.parametrize("is_manual", [False, True])
async def test_a_prepared_charge_is_finished_after_the_banks_step_by_the_same_card(
    gateway: StripeGateway, manual: StripeGateway, proxy: StripeProxy, *, is_manual: bool
) -> None:
    chosen = manual if is_manual else gateway
    customer = await chosen.open_customer(new_id())
    card = await chosen.attach(customer, "pm_card_authenticationRequired")
    prepared = await chosen.create(request(customer, card.external_id))
    assert prepared.external_id is not None
    for _ in range(2):
        waiting = await chosen.confirm(prepared.external_id, card.external_id)
        assert waiting.status is ChargeStatus.REQUIRES_ACTION
    await proxy.authenticate(prepared.external_id, passed=True)
    for _ in range(2):
        done = await chosen.confirm(prepared.external_id, card.external_id)
        assert done.status is ChargeStatus.SUCCEEDED
    assert await proxy.count("payment_intents") == 1
    assert await proxy.count("charges") == 1


async def test_failing_at_the_bank_is_a_decline_with_our_word_for_it(
    gateway: StripeGateway, proxy: StripeProxy, customer: str
) -> None:
    asked = request(customer, "pm_card_authenticationRequired")
    waiting = await gateway.charge(asked)
    assert waiting.external_id is not None
    await proxy.authenticate(waiting.external_id, passed=False)
    found = await gateway.retrieve(asked.intent_id, customer=customer, external_id=waiting.external_id)
    assert found is not None
    assert (found.status, found.decline_code) == (ChargeStatus.DECLINED, "authentication_required")


async def test_a_wallets_card_says_so(gateway: StripeGateway, proxy: StripeProxy, customer: str) -> None:
    card = await gateway.attach(customer, "pm_card_visa", wallet="apple_pay")
    assert card.wallet is None
    proxy.lend_wallet(card.external_id, "apple_pay")
    [again] = await gateway.list_methods(customer)
    assert again.wallet == "apple_pay"
    proxy.lend_wallet(card.external_id, "samsung_pay")
    [other] = await gateway.list_methods(customer)
    assert other.wallet is None


async def test_what_is_no_card_is_let_go_again(
    gateway: StripeGateway, proxy: StripeProxy, stripe_peer: Localstripe, customer: str
) -> None:
    account = {"type": "sepa_debit", "sepa_debit[iban]": "DE89370400440532013000"}
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sk_test_1234"}) as http:
        made = (await http.post(f"{stripe_peer.address}/v1/payment_methods", data=account)).json()["id"]
    with pytest.raises(UnknownPaymentMethod):
        await gateway.attach(customer, made)
    assert [one.path for one in proxy.sent if one.path.endswith("/detach")] == [
        f"/v1/payment_methods/{made}/detach"
    ]
    assert list(await gateway.list_methods(customer)) == []


async def test_somebody_whom_stripe_has_forgotten_has_no_card_to_charge(
    gateway: StripeGateway, proxy: StripeProxy, customer: str
) -> None:
    await gateway.forget_customer(customer)
    with pytest.raises(UnknownPaymentMethod):
        await gateway.charge(request(customer))
    assert await proxy.count("payment_intents") == 0


async def test_a_charge_and_its_refunds_are_found_on_later_pages(
    gateway: StripeGateway, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charges, "PAGE", 2)
    monkeypatch.setattr(refunds, "PAGE", 2)
    asked = request(customer)
    oldest = await gateway.charge(asked)
    assert oldest.external_id is not None
    for _ in range(4):
        await gateway.charge(request(customer))
    found = await gateway.retrieve(asked.intent_id, customer=customer, external_id=None)
    assert found == oldest
    assert await gateway.retrieve(new_id(), customer=customer, external_id=None) is None
    made = {new_id() for _ in range(5)}
    for refund_id in made:
        await gateway.refund(refund_id, oldest.external_id, 10)
    assert {one.refund_id for one in await gateway.list_refunds(oldest.external_id)} == made


async def test_too_little_for_a_card_is_a_decline_in_words(gateway: StripeGateway, customer: str) -> None:
    result = await gateway.charge(request(customer, amount_cents=49))
    assert (result.external_id, result.status, result.decline_code) == (
        None,
        ChargeStatus.DECLINED,
        "amount_too_small",
    )


async def test_a_key_used_with_other_values_is_no_second_charge(
    gateway: StripeGateway, proxy: StripeProxy, customer: str
) -> None:
    asked = request(customer)
    await gateway.charge(asked)
    other = ChargeRequest(asked.intent_id, customer, 9900, "pm_card_visa")
    with pytest.raises(GatewayUnavailable):
        await gateway.charge(other)
    assert await proxy.count("payment_intents") == 1


async def test_refunds_made_at_the_dashboard_are_listed_as_nobodys(
    gateway: StripeGateway, proxy: StripeProxy, customer: str
) -> None:
    paid = await gateway.charge(request(customer))
    assert paid.external_id is not None
    made = await proxy.refund_at_dashboard(paid.external_id, 450)
    [found] = await gateway.list_refunds(paid.external_id)
    assert (found.refund_id, found.external_id, found.amount_cents) == (None, made, 450)
    assert found.result.status == "succeeded"
