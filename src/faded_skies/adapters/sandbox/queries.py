"""SQL of the sandbox's own tables. What happens to a charge is written with the delivery that tells of it."""

import secrets
from typing import Any
from uuid import UUID

import orjson

from faded_skies.adapters.sandbox.store import Connection
from faded_skies.domains.payments.ports import ChargeRequest, ChargeStatus

DISPUTE_FEE_CENTS = 1500
"""What Stripe takes for a dispute in the US (stripe.com/pricing)."""

# Two at once find the same one.
_OPEN_CUSTOMER = """
INSERT INTO sandbox.customers (id, user_id) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET user_id = EXCLUDED.user_id
RETURNING id
"""
_FORGET_CUSTOMER = """
WITH gone AS (DELETE FROM sandbox.customers WHERE id = $1)
UPDATE sandbox.methods SET attached = false WHERE customer = $1
"""
_METHOD = "SELECT id, card, wallet FROM sandbox.methods"
_INSERT_METHOD = """
INSERT INTO sandbox.methods (id, customer, card, wallet) VALUES ($1, $2, $3, $4) RETURNING id, card, wallet
"""
_FIND_METHOD = f"{_METHOD} WHERE id = $1 AND customer = $2 AND attached"
_LIST_METHODS = f"{_METHOD} WHERE customer = $1 AND attached ORDER BY id"
_DETACH = "UPDATE sandbox.methods SET attached = false WHERE id = $1"
_SET_DEFAULT = """
UPDATE sandbox.customers SET default_method = $2
WHERE id = $1 AND EXISTS (SELECT FROM sandbox.methods WHERE id = $2 AND customer = $1 AND attached)
"""
_INSERT_CHARGE = """
WITH made AS (
    INSERT INTO sandbox.charges (id, intent_id, customer, amount_cents, card, status, client_secret, captures_later)
    VALUES ($1, $2, $3, $4, $5, 'requires_confirmation', $6, $7)
    ON CONFLICT (intent_id) DO NOTHING
    RETURNING *
)
SELECT * FROM made UNION ALL SELECT * FROM sandbox.charges WHERE intent_id = $2
"""
_FIND_CHARGE = "SELECT * FROM sandbox.charges WHERE intent_id = $1"
_LOCK_CHARGE_OF = f"{_FIND_CHARGE} FOR UPDATE"
_LOCK_CHARGE = "SELECT * FROM sandbox.charges WHERE id = $1 FOR UPDATE"
_MOVE_CHARGE = """
WITH told AS (INSERT INTO sandbox.deliveries (id, body) VALUES ($5, $6))
UPDATE sandbox.charges SET status = $2, decline_code = $3, card = $4 WHERE id = $1 RETURNING *
"""
_INSERT_DELIVERY = "INSERT INTO sandbox.deliveries (id, body) VALUES ($1, $2)"
_REFUND = "SELECT id, refund_id, charge_id, amount_cents, status, reason FROM sandbox.refunds"
_FIND_REFUND = f"{_REFUND} WHERE refund_id = $1"
_LIST_REFUNDS = f"{_REFUND} WHERE charge_id = $1 ORDER BY made_at, id"
_TAKE_BACK = """
UPDATE sandbox.charges SET refunded_cents = refunded_cents + $2
WHERE id = $1 AND status = 'succeeded' AND refunded_cents + $2 BETWEEN 0 AND amount_cents
"""
_INSERT_REFUND = """
INSERT INTO sandbox.refunds (id, refund_id, charge_id, amount_cents, status) VALUES ($1, $2, $3, $4, $5)
RETURNING id, refund_id, charge_id, amount_cents, status, reason
"""
_MOVE_REFUND = """
UPDATE sandbox.refunds r SET status = $2, reason = $3 FROM sandbox.charges c
WHERE r.id = $1 AND c.id = r.charge_id
RETURNING r.charge_id, r.amount_cents, c.intent_id
"""
_OPEN_DISPUTE = """
INSERT INTO sandbox.disputes (id, charge_id, amount_cents, fee_cents, reason, status, withdrawn, evidence_due_at)
VALUES ($1, $2, $3, $4, 'fraudulent', 'needs_response', true, now() + interval '14 days')
ON CONFLICT (charge_id) DO NOTHING
"""
_FIND_DISPUTE = """
SELECT id AS external_id, charge_id AS charge_external_id, amount_cents, fee_cents, reason, status, withdrawn,
       evidence_due_at
FROM sandbox.disputes WHERE id = $1
"""
_CLOSE_DISPUTE = "UPDATE sandbox.disputes SET status = $2, withdrawn = $3 WHERE id = $1"


async def open_customer(connection: Connection, user_id: UUID) -> str:
    return str(await connection.fetchval(_OPEN_CUSTOMER, f"cus_{secrets.token_hex(12)}", user_id))


async def forget_customer(connection: Connection, customer: str) -> None:
    await connection.execute(_FORGET_CUSTOMER, customer)


async def insert_method(connection: Connection, customer: str, *, card: str, wallet: str | None) -> Any:
    return await connection.fetchrow(_INSERT_METHOD, f"pm_{secrets.token_hex(12)}", customer, card, wallet)


async def find_method(connection: Connection, method_id: str, customer: str | None) -> Any:
    return await connection.fetchrow(_FIND_METHOD, method_id, customer)


async def list_methods(connection: Connection, customer: str) -> list[Any]:
    return list(await connection.fetch(_LIST_METHODS, customer))


async def detach(connection: Connection, method_id: str) -> None:
    await connection.execute(_DETACH, method_id)


async def set_default(connection: Connection, customer: str, method_id: str) -> bool:
    return await connection.execute(_SET_DEFAULT, customer, method_id) == "UPDATE 1"


async def insert_charge(connection: Connection, request: ChargeRequest, card: str) -> Any:
    """Insert a charge, or return the one that another call for the same intent made at the same time."""
    charge_id = f"pi_{secrets.token_hex(12)}"
    made = await connection.fetchrow(
        _INSERT_CHARGE,
        charge_id,
        request.intent_id,
        request.customer,
        request.amount_cents,
        card,
        f"{charge_id}_secret_{secrets.token_hex(12)}",
        request.captures_later,
    )
    # The other's row may have been committed after this statement began.
    return made or await lock_charge_of(connection, request.intent_id)


async def find_charge(connection: Connection, intent_id: UUID) -> Any:
    return await connection.fetchrow(_FIND_CHARGE, intent_id)


async def lock_charge_of(connection: Connection, intent_id: UUID) -> Any:
    return await connection.fetchrow(_LOCK_CHARGE_OF, intent_id)


async def lock_charge(connection: Connection, charge_id: str) -> Any:
    return await connection.fetchrow(_LOCK_CHARGE, charge_id)


async def move_charge(
    connection: Connection, charge: Any, *, status: ChargeStatus, decline_code: str | None, card: str
) -> Any:
    event_id, body = _event(f"payment.{status}", "charge", charge["id"], charge["intent_id"])
    return await connection.fetchrow(
        _MOVE_CHARGE, charge["id"], status.value, decline_code, card, event_id, body
    )


async def take_back(connection: Connection, charge_id: str, amount_cents: int) -> bool:
    """Count what goes back of a charge (less than zero when it came again); False when so much is not left."""
    return await connection.execute(_TAKE_BACK, charge_id, amount_cents) == "UPDATE 1"


async def find_refund(connection: Connection, refund_id: UUID) -> Any:
    return await connection.fetchrow(_FIND_REFUND, refund_id)


async def list_refunds(connection: Connection, charge_id: str) -> list[Any]:
    return list(await connection.fetch(_LIST_REFUNDS, charge_id))


async def insert_refund(
    connection: Connection, *, charge: Any, refund_id: UUID | None, amount_cents: int, status: str
) -> Any:
    made = await connection.fetchrow(
        _INSERT_REFUND, f"re_{secrets.token_hex(12)}", refund_id, charge["id"], amount_cents, status
    )
    await _tell(connection, f"refund.{status}", "refunds", charge["id"], charge["intent_id"])
    return made


async def move_refund(connection: Connection, external_id: str, status: str, reason: str | None) -> Any:
    moved: Any = await connection.fetchrow(_MOVE_REFUND, external_id, status, reason)
    await _tell(connection, f"refund.{status}", "refunds", moved["charge_id"], moved["intent_id"])
    return moved


async def open_dispute(connection: Connection, charge: Any) -> str:
    dispute_id = f"dp_{secrets.token_hex(12)}"
    await connection.execute(
        _OPEN_DISPUTE, dispute_id, charge["id"], charge["amount_cents"], DISPUTE_FEE_CENTS
    )
    await _tell(connection, "dispute.opened", "dispute", dispute_id, None)
    return dispute_id


async def find_dispute(connection: Connection, dispute_id: str) -> Any:
    return await connection.fetchrow(_FIND_DISPUTE, dispute_id)


async def close_dispute(connection: Connection, dispute_id: str, *, won: bool) -> None:
    await connection.execute(_CLOSE_DISPUTE, dispute_id, "won" if won else "lost", not won)
    await _tell(connection, "dispute.closed", "dispute", dispute_id, None)


async def _tell(
    connection: Connection, kind: str, about: str, external_id: str, intent_id: UUID | None
) -> None:
    await connection.execute(_INSERT_DELIVERY, *_event(kind, about, external_id, intent_id))


def _event(kind: str, about: str, external_id: str, intent_id: UUID | None) -> tuple[str, bytes]:
    event_id = f"evt_{secrets.token_hex(12)}"
    event = {
        "id": event_id,
        "kind": kind,
        "about": about,
        "intentId": intent_id and str(intent_id),
        "externalId": external_id,
    }
    return event_id, orjson.dumps(event)
