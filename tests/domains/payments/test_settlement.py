"""Attempts to charge and refunds: late, lost, repeated and reordered answers, with real commits."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from factories.identity import make_person
from factories.payments import (
    LostAnswers,
    bare_order,
    card_gateway,
    keep_card,
    keep_cash,
    only,
    open_intent,
    settle,
)
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.payments import jobs, service
from faded_skies.domains.payments.errors import (
    IntentNotFound,
    PaymentUnderWay,
    RefundTooLarge,
    TenderNotAllowed,
)
from faded_skies.domains.payments.events import PaymentAnswered, RefundRequested, RefundSettled
from faded_skies.domains.payments.ports import ChargeResult, ChargeStatus, PaymentGateway, RefundResult
from faded_skies.domains.payments.service import PaymentMethod
from faded_skies.platform.db import Database
from faded_skies.platform.events import Event, Subscription
from faded_skies.platform.ids import new_id

Drain = Callable[[], Awaitable[None]]
NOW = timedelta(0)


@pytest.fixture
def gateway(app: Application) -> PaymentGateway:
    return card_gateway(app)


@pytest.fixture
async def customer(app: Application) -> UUID:
    return await make_person(app)


@pytest.fixture
async def card(db: Database, gateway: PaymentGateway, customer: UUID) -> PaymentMethod:
    return await keep_card(db, gateway, customer)


async def _ignore(_: Event) -> None:
    return


@pytest.fixture(autouse=True)
def ear(db: Database) -> None:
    """Keeps a job of each event that no worker takes, so that tests see what was stated."""
    db.bus.register(
        Subscription(f"heard.{kind.name}", kind, _ignore)
        for kind in (PaymentAnswered, RefundRequested, RefundSettled)
    )


async def heard(db: Database, kind: type[Event]) -> list[Event]:
    rows = await db.fetch(
        "SELECT payload FROM pgqueuer WHERE entrypoint = $1 ORDER BY id", f"heard.{kind.name}"
    )
    return [Subscription("", kind, _ignore).decode(row["payload"]) for row in rows]


async def status_of(db: Database, intent_id: UUID) -> str:
    return (await service.get_intent(db, intent_id)).status.value


def said(status: ChargeStatus, external_id: str | None = "pi_1", code: str | None = None) -> ChargeResult:
    return ChargeResult(external_id, status, "a secret", code)


async def test_a_charge_is_made_and_settled(
    db: Database, gateway: PaymentGateway, card: PaymentMethod
) -> None:
    order_id = await bare_order(db, card)
    intent = await open_intent(db, card, order_id)
    assert intent.status == "processing"
    result = await service.charge(db, only(gateway), intent, card)
    settled = await settle(db, intent.id, result)
    assert (settled.status, settled.external_id) == ("succeeded", result.external_id)
    assert await settle(db, intent.id, result) == settled
    assert await heard(db, RefundRequested) == []


async def test_an_order_has_one_open_attempt_and_another_after_a_decline(
    db: Database, card: PaymentMethod
) -> None:
    order_id = await bare_order(db, card)
    tries = await asyncio.gather(*(open_intent(db, card, order_id) for _ in range(5)), return_exceptions=True)
    opened = [one for one in tries if isinstance(one, service.Intent)]
    assert len(opened) == 1
    assert all(isinstance(one, PaymentUnderWay) for one in tries if one is not opened[0])
    failed = await settle(db, opened[0].id, said(ChargeStatus.DECLINED, code="lost_card"))
    assert (failed.status, failed.decline_code) == ("failed", "lost_card")
    assert (await open_intent(db, card, order_id)).id != opened[0].id


async def test_cash_is_not_charged(db: Database, customer: UUID) -> None:
    cash = await keep_cash(db, customer)
    order_id = await bare_order(db, cash)
    with pytest.raises(TenderNotAllowed):
        await open_intent(db, cash, order_id)


async def test_a_late_success_after_a_failure_counts_and_a_late_failure_does_not(
    db: Database, card: PaymentMethod
) -> None:
    intent = await open_intent(db, card, await bare_order(db, card))
    await settle(db, intent.id, said(ChargeStatus.DECLINED, code="generic_decline"))
    paid = await settle(db, intent.id, said(ChargeStatus.SUCCEEDED))
    assert (paid.status, paid.decline_code) == ("succeeded", None)
    for late in (ChargeStatus.DECLINED, ChargeStatus.CANCELLED, ChargeStatus.PROCESSING):
        assert await settle(db, intent.id, said(late)) == paid


async def test_money_for_a_dead_order_goes_back_by_itself_once(
    db: Database, gateway: PaymentGateway, card: PaymentMethod, drain: Drain
) -> None:
    order_id = await bare_order(db, card, status="cancelled")
    intent = await open_intent(db, card, order_id)
    result = await service.charge(db, only(gateway), intent, card)
    for _ in range(3):
        kept = await settle(db, intent.id, result, wanted=False)
    assert (kept.status, kept.refunded_cents) == ("surplus", 2450)
    await drain()
    refunds = await db.fetch("SELECT status, amount_cents, order_id FROM refunds")
    assert [tuple(row.values()) for row in refunds] == [("succeeded", 2450, None)]
    [told] = await heard(db, RefundSettled)
    assert isinstance(told, RefundSettled)
    assert (told.ok, told.order_id, told.amount_cents) == (True, None, 2450)
    assert await db.fetchval("SELECT refunded_cents FROM sandbox.charges") == 2450


async def test_refunds_never_exceed_what_was_paid_whoever_asks_at_once(
    db: Database, gateway: PaymentGateway, card: PaymentMethod, drain: Drain
) -> None:
    order_id = await bare_order(db, card, status="confirmed")
    intent = await open_intent(db, card, order_id)
    await settle(db, intent.id, await service.charge(db, only(gateway), intent, card))

    async def refund() -> None:
        async with db.transaction() as tx:
            await service.refund_order(
                tx,
                order_id=order_id,
                amount_cents=1000,
                debits=[(Account.DEPOSITS, 1000)],
                reason="A broken jar.",
                requested_by=None,
            )

    asked = await asyncio.gather(*(refund() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, RefundTooLarge) for one in asked) == 3
    await drain()
    assert (await service.get_intent(db, intent.id)).refunded_cents == 2000
    assert await db.fetchval("SELECT sum(amount_cents)::int FROM sandbox.refunds") == 2000
    assert [
        event.order_id for event in await heard(db, RefundSettled) if isinstance(event, RefundSettled)
    ] == [
        order_id,
        order_id,
    ]


async def test_an_unpaid_order_cannot_be_refunded(db: Database, card: PaymentMethod) -> None:
    order_id = await bare_order(db, card)
    intent = await open_intent(db, card, order_id)
    async with db.transaction() as tx:
        with pytest.raises(IntentNotFound):
            await service.refund_order(
                tx,
                order_id=order_id,
                amount_cents=1,
                debits=[(Account.DEPOSITS, 1)],
                reason="No.",
                requested_by=None,
            )
        with pytest.raises(RefundTooLarge):
            await service.request_refund(
                tx,
                intent_id=intent.id,
                amount_cents=1,
                debits=[(Account.DEPOSITS, 1)],
                reason="No.",
                requested_by=None,
            )
    assert await db.fetchval("SELECT count(*) FROM refunds") == 0


async def test_a_failed_refund_can_be_asked_for_again_and_is_in_the_audit_log(
    db: Database, gateway: PaymentGateway, card: PaymentMethod
) -> None:
    intent = await open_intent(db, card, await bare_order(db, card))
    await settle(db, intent.id, await service.charge(db, only(gateway), intent, card))
    async with db.transaction() as tx:
        refund_id = await service.request_refund(
            tx,
            intent_id=intent.id,
            amount_cents=2450,
            debits=[(Account.DEPOSITS, 2450)],
            reason="All of it.",
            requested_by=None,
        )
    for _ in range(2):
        async with db.transaction() as tx:
            await service.settle_refund(
                tx, refund_id=refund_id, result=RefundResult(None, "failed", "card_closed")
            )
    assert (await service.get_intent(db, intent.id)).refunded_cents == 0
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'refund.failed'") == 1
    assert await service.send_refund(db, only(gateway), refund_id) is None
    async with db.transaction() as tx:
        await service.request_refund(
            tx,
            intent_id=intent.id,
            amount_cents=2450,
            debits=[(Account.DEPOSITS, 2450)],
            reason="Again.",
            requested_by=None,
        )


async def test_a_refund_whose_job_was_lost_is_sent_by_the_sweep(
    db: Database, gateway: PaymentGateway, card: PaymentMethod
) -> None:
    intent = await open_intent(db, card, await bare_order(db, card))
    await settle(db, intent.id, await service.charge(db, only(gateway), intent, card))
    async with db.transaction() as tx:
        await service.request_refund(
            tx,
            intent_id=intent.id,
            amount_cents=50,
            debits=[(Account.DEPOSITS, 50)],
            reason="Late.",
            requested_by=None,
        )
    await jobs.retry_refunds(db, only(gateway), older_than=timedelta(hours=1))
    assert await db.fetchval("SELECT status FROM refunds") == "pending"
    for _ in range(2):
        await jobs.retry_refunds(db, only(gateway), older_than=NOW)
    assert await db.fetchval("SELECT status FROM refunds") == "succeeded"
    assert len(await heard(db, RefundSettled)) == 1


async def test_a_lost_answer_is_processing_and_the_sweep_finds_the_truth(
    db: Database, gateway: PaymentGateway, card: PaymentMethod
) -> None:
    order_id = await bare_order(db, card)
    intent = await open_intent(db, card, order_id)
    unknown = await service.charge(db, only(LostAnswers(gateway)), intent, card)
    assert unknown == ChargeResult(None, ChargeStatus.PROCESSING)
    await settle(db, intent.id, unknown)
    await jobs.ask_again(db, only(gateway), older_than=jobs.SILENT_AFTER)
    assert await heard(db, PaymentAnswered) == []
    await jobs.ask_again(db, only(gateway), older_than=NOW)
    [told] = await heard(db, PaymentAnswered)
    assert isinstance(told, PaymentAnswered)
    assert (told.order_id, told.status) == (order_id, ChargeStatus.SUCCEEDED)
    assert (await settle(db, intent.id, told.result())).status == "succeeded"
    assert await service.charge(
        db, only(gateway), await service.get_intent(db, intent.id), card
    ) == ChargeResult(told.external_id, ChargeStatus.SUCCEEDED)
    assert await db.fetchval("SELECT count(*) FROM sandbox.charges") == 1


async def test_an_intent_the_gateway_never_heard_of_ends_after_fifteen_minutes(
    db: Database, gateway: PaymentGateway, card: PaymentMethod
) -> None:
    intent = await open_intent(db, card, await bare_order(db, card))
    assert (await service.ask(only(gateway), intent)).status is ChargeStatus.PROCESSING
    await db.fetchval("UPDATE payment_intents SET created_at = now() - interval '16 minutes'")
    assert (
        await service.ask(only(gateway), await service.get_intent(db, intent.id))
    ).status is ChargeStatus.CANCELLED


async def test_what_is_open_for_a_dead_order_is_cancelled_at_the_gateway(
    db: Database, gateway: PaymentGateway, customer: UUID
) -> None:
    card = await keep_card(db, gateway, customer, "pm_card_authenticationRequired")
    order_id = await bare_order(db, card)
    intent = await open_intent(db, card, order_id)
    waiting = await settle(db, intent.id, await service.charge(db, only(gateway), intent, card))
    assert (waiting.status, waiting.client_secret is not None) == ("requires_action", True)
    [(intent_id, result)] = await service.cancel_stoppable(db, only(gateway), order_id=order_id)
    assert (await settle(db, intent_id, result, wanted=False)).status == "cancelled"
    assert await service.cancel_stoppable(db, only(gateway), order_id=order_id) == []
    assert await heard(db, RefundRequested) == []


async def test_cancelling_finds_a_charge_whose_answer_was_lost(
    db: Database, gateway: PaymentGateway, card: PaymentMethod
) -> None:
    order_id = await bare_order(db, card)
    intent = await open_intent(db, card, order_id)
    await service.charge(db, only(LostAnswers(gateway)), intent, card)
    [(_, result)] = await service.cancel_stoppable(db, only(gateway), order_id=order_id)
    assert result.status is ChargeStatus.SUCCEEDED
    assert (await settle(db, intent.id, result, wanted=False)).status == "surplus"


async def test_a_card_forgotten_by_the_gateway_is_a_decline(
    db: Database, gateway: PaymentGateway, card: PaymentMethod
) -> None:
    intent = await open_intent(db, card, await bare_order(db, card))
    assert card.external_id is not None
    await gateway.detach(card.external_id)
    result = await service.charge(db, only(gateway), intent, card)
    assert (result.status, result.decline_code) == (ChargeStatus.DECLINED, "payment_method_unknown")


async def test_an_unknown_intent_is_not_found(db: Database) -> None:
    with pytest.raises(IntentNotFound):
        await settle(db, new_id(), said(ChargeStatus.SUCCEEDED))
