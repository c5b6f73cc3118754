"""What a gateway's delivery leads to: it only says that something happened, so what is true now is asked for.

That makes late, repeated and reordered deliveries harmless.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from faded_skies.domains.payments.events import RefundFound
from faded_skies.domains.payments.models import Intent
from faded_skies.domains.payments.ports import GatewayRefund, PaymentGateway
from faded_skies.domains.payments.queries import intents, methods
from faded_skies.domains.payments.service import refunds
from faded_skies.domains.payments.service.disputes import record_dispute
from faded_skies.domains.payments.service.intents import answer
from faded_skies.domains.payments.service.methods import adopt_details
from faded_skies.platform.db import Database, Tx

Apply = Callable[[Tx], Awaitable[None]]


async def ask_about(db: Database, gateway: PaymentGateway, told: Mapping[str, Any]) -> Apply | None:
    """Ask the gateway what a stored delivery is about, and return what brings the answer home in a transaction.

    None when it is about nothing of ours. Raises GatewayUnavailable.
    """
    about, name = told.get("about", "charge"), told.get("externalId")
    if about == "dispute" and name:
        return await _about_dispute(gateway, name)
    if about == "methods" and name:
        return await _about_methods(db, gateway, name)
    if about not in {"charge", "refunds"}:
        return None
    intent = await _intent(db, gateway, told)
    if intent is None:
        return None
    if about == "charge":
        return await _about_charge(gateway, intent, name)
    return await _about_refunds(gateway, intent)


async def _intent(db: Database, gateway: PaymentGateway, told: Mapping[str, Any]) -> Intent | None:
    named, external_id = told.get("intentId"), told.get("externalId")
    if named:
        intent = await intents.find_intent(db, UUID(named))
    else:
        intent = await intents.find_intent_by_external(db, gateway.name, external_id) if external_id else None
    return intent if intent is not None and intent.gateway == gateway.name else None


async def _about_charge(gateway: PaymentGateway, intent: Intent, external_id: str | None) -> Apply | None:
    known_as = intent.external_id or external_id
    result = await gateway.retrieve(intent.id, customer=intent.customer, external_id=known_as)
    if result is None:
        return None

    async def apply(tx: Tx) -> None:
        await answer(tx, intent_id=intent.id, result=result)

    return apply


async def _about_refunds(gateway: PaymentGateway, intent: Intent) -> Apply | None:
    if intent.external_id is None:
        return None
    found = await gateway.list_refunds(intent.external_id)

    async def apply(tx: Tx) -> None:
        for refund in found:
            await _settle_or_tell(tx, intent, refund)

    return apply


async def _settle_or_tell(tx: Tx, intent: Intent, found: GatewayRefund) -> None:
    ours = found.refund_id or await refunds.find_refund_id(tx, found.external_id)
    if ours is not None:
        await refunds.settle_refund(tx, refund_id=ours, result=found.result)
        return
    tx.emit(
        RefundFound(
            intent_id=intent.id,
            order_id=intent.order_id,
            external_id=found.external_id,
            amount_cents=found.amount_cents,
            status=found.result.status,
        )
    )


async def _about_dispute(gateway: PaymentGateway, external_id: str) -> Apply | None:
    state = await gateway.find_dispute(external_id)
    if state is None:
        return None

    async def apply(tx: Tx) -> None:
        await record_dispute(tx, gateway.name, state)

    return apply


async def _about_methods(db: Database, gateway: PaymentGateway, customer: str) -> Apply | None:
    user_id = await methods.find_user(db, gateway.name, customer)
    if user_id is None:
        return None
    kept = await gateway.list_methods(customer)

    async def apply(tx: Tx) -> None:
        await adopt_details(tx, user_id=user_id, provider=gateway.name, kept=kept)

    return apply
