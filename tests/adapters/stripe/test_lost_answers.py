"""Connections that break before, and after Stripe has worked: a repetition makes nothing twice."""

import logging
from collections.abc import Awaitable, Callable, Iterator

import pytest
import structlog

from faded_skies.adapters.stripe import opening
from faded_skies.adapters.stripe.gateway import StripeGateway
from faded_skies.domains.payments.errors import GatewayUnavailable, UnknownPaymentMethod
from faded_skies.domains.payments.ports import ChargeRequest, ChargeStatus
from faded_skies.platform.ids import new_id
from peers.stripe_proxy import Fault, StripeProxy
from stripe_peer import stripe_gateway

BREAKS: tuple[Fault, ...] = ("before", "after", "during", "500", "409")


@pytest.fixture
def warnings_too() -> Iterator[None]:
    usual = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.configure(wrapper_class=usual)


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
    assert (found is not None) == (fault in {"after", "during"})
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


@pytest.mark.parametrize("amount_cents", [450, 2450])
@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("fault", BREAKS)
async def test_a_refund_whose_answer_was_lost_is_made_once(
    gateway: StripeGateway,
    proxy: StripeProxy,
    customer: str,
    fault: Fault,
    amount_cents: int,
    *,
    forgets: bool,
) -> None:
    paid = await gateway.charge(request(customer))
    assert paid.external_id is not None
    pi, refund_id = paid.external_id, new_id()
    await broken(lambda: gateway.refund(refund_id, pi, amount_cents), proxy, "/v1/refunds", fault)
    if forgets:
        proxy.forget_keys()  # as Stripe does a day later
    assert (await gateway.refund(refund_id, pi, amount_cents)).status == "succeeded"
    assert await proxy.count("refunds") == 1


async def test_a_refund_that_waits_for_days_is_not_made_again_when_its_key_is_forgotten(
    gateway: StripeGateway, proxy: StripeProxy, customer: str
) -> None:
    paid = await gateway.charge(request(customer))
    assert paid.external_id is not None
    pi, refund_id = paid.external_id, new_id()
    proxy.refunds_are = "pending"
    first = await gateway.refund(refund_id, pi, 450)
    assert first.status == "processing"
    proxy.forget_keys()
    assert await gateway.refund(refund_id, pi, 450) == first
    assert await proxy.count("refunds") == 1
    proxy.refunds_are = "succeeded"
    proxy.settle_refunds()
    assert (await gateway.refund(refund_id, pi, 450)).status == "succeeded"
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


async def test_an_answer_that_is_late_is_found_and_a_call_that_still_runs_is_not_made_again(
    proxied: tuple[StripeProxy, str], customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, address = proxied
    monkeypatch.setattr(opening, "_TIMEOUT_SECONDS", 0.2)
    async with stripe_gateway(address) as impatient:
        asked = request(customer)
        proxy.fail("/v1/payment_intents", "late")
        with pytest.raises(GatewayUnavailable):
            await impatient.charge(asked)
        with pytest.raises(GatewayUnavailable):
            await impatient.charge(asked)
    assert await proxy.count("payment_intents") == 0
    proxy.caught_up.set()
    async with stripe_gateway(address) as patient:
        assert (await patient.charge(asked)).status is ChargeStatus.SUCCEEDED
    assert await proxy.count("payment_intents") == 1


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("before", {"event": "stripe_unavailable", "log_level": "warning", "kind": "APIConnectionError"}),
        ("429", {"event": "stripe_unavailable", "log_level": "warning", "kind": "RateLimitError"}),
        ("500", {"event": "stripe_unavailable", "log_level": "warning", "kind": "APIError"}),
        ("401", {"event": "stripe_refuses_our_key", "log_level": "error", "kind": "AuthenticationError"}),
        ("403", {"event": "stripe_refuses_our_key", "log_level": "error", "kind": "PermissionError"}),
    ],
)
async def test_an_outage_is_logged_with_its_kind_and_nothing_of_the_card_or_the_key(
    warnings_too: None,
    gateway: StripeGateway,
    proxy: StripeProxy,
    customer: str,
    fault: Fault,
    told: dict[str, str],
) -> None:
    proxy.fail("/v1/payment_intents", fault, fault)
    with structlog.testing.capture_logs() as logs, pytest.raises(GatewayUnavailable):
        await gateway.charge(request(customer))
    [entry] = logs
    assert {name: entry[name] for name in told} == told
    assert entry.get("check") == ("STRIPE_SECRET_KEY" if fault in {"401", "403"} else None)
    assert set(entry) <= {"event", "log_level", "call", "check", "kind", "code", "status", "stripe_request"}


@pytest.mark.parametrize("fault", ["429", "401", "403"])
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
