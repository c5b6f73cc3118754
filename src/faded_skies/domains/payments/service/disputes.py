"""Disputes: a customer's bank asks a charge back. They are recorded, and answered at the gateway."""

import structlog

from faded_skies.domains.ledger import service as ledger
from faded_skies.domains.ledger.service import Account, Fact
from faded_skies.domains.payments.models import Dispute
from faded_skies.domains.payments.ports import DisputeState, GatewayName
from faded_skies.domains.payments.queries import disputes as queries
from faded_skies.domains.payments.queries import intents
from faded_skies.platform.db import Database, Tx

log = structlog.get_logger()


async def list_disputes(
    db: Database, *, status: str | None, limit: int, offset: int
) -> tuple[list[Dispute], int]:
    """Return a page of disputes, the newest first, and how many there are."""
    return await queries.list_disputes(db, status=status, limit=limit, offset=offset)


async def record_dispute(tx: Tx, gateway: GatewayName, state: DisputeState) -> None:
    """Write down how a dispute stands; the same said again, or late, changes nothing that is decided.

    A dispute of a charge that is not ours is left alone.
    """
    intent = await intents.find_intent_by_external(tx, gateway, state.charge_external_id)
    if intent is None:
        return
    is_new = await queries.open_dispute(
        tx, gateway=gateway, intent_id=intent.id, order_id=intent.order_id, state=state
    )
    before = await queries.lock_dispute(tx, gateway, state.external_id)
    if before is None or before.status in {"won", "lost"}:
        return
    await queries.move_dispute(tx, before.id, state)
    await _post(tx, before, state)
    if is_new or before.status != state.status:
        tx.audit(
            "dispute.opened" if is_new else f"dispute.{state.status}",
            object_type="dispute",
            object_id=before.id,
            actor_id=None,
            orderId=before.order_id,
            intentId=before.intent_id,
            amountCents=before.amount_cents,
            status=state.status,
            reason=state.reason,
        )
        log.warning("dispute_changed", dispute_id=str(before.id), status=state.status)


async def _post(tx: Tx, before: Dispute, state: DisputeState) -> None:
    moves = []
    if state.withdrawn and not before.withdrawn:
        moves.append((Fact.DISPUTE_WITHDRAWN, Account.DISPUTED, Account.GATEWAY, before.amount_cents))
    if before.withdrawn and not state.withdrawn:
        moves.append((Fact.DISPUTE_REINSTATED, Account.GATEWAY, Account.DISPUTED, before.amount_cents))
    if state.status == "lost" and state.withdrawn:
        moves.append((Fact.DISPUTE_LOST, Account.DISPUTE_LOSSES, Account.DISPUTED, before.amount_cents))
    if state.fee_cents and not before.fee_cents:
        moves.append((Fact.DISPUTE_FEE, Account.PROCESSING_FEES, Account.GATEWAY, state.fee_cents))
    for fact, debit, credit, amount_cents in moves:
        await ledger.post(
            tx,
            fact,
            before.id,
            debit=debit,
            credit=credit,
            amount_cents=amount_cents,
            order_id=before.order_id,
        )
