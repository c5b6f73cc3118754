"""A payment gateway that moves no money, but remembers, refuses and repeats itself as a real one does."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from faded_skies.adapters.sandbox.cards import CARDS, Card
from faded_skies.adapters.sandbox.signing import HEADER, verify
from faded_skies.adapters.sandbox.store import Connection
from faded_skies.domains.payments.errors import (
    BadSignature,
    CardDeclined,
    GatewayUnavailable,
    IntentNotFound,
    UnknownPaymentMethod,
)
from faded_skies.domains.payments.ports import (
    ChargeRequest,
    ChargeResult,
    ChargeStatus,
    GatewayName,
    MethodDetails,
    RefundResult,
    WebhookEvent,
)
from faded_skies.platform.db import DATABASE_LOST
from faded_skies.platform.outbound import refuse_inside_transaction

_INSERT_METHOD = "INSERT INTO sandbox.methods (id, user_id, card) VALUES ($1, $2, $3)"
_FIND_METHOD = "SELECT card FROM sandbox.methods WHERE id = $1 AND user_id = $2 AND attached"
_DETACH = "UPDATE sandbox.methods SET attached = false WHERE id = $1"
_INSERT_CHARGE = """
INSERT INTO sandbox.charges (id, intent_id, user_id, amount_cents, card, status, client_secret)
VALUES ($1, $2, $3, $4, $5, 'requires_confirmation', $6)
ON CONFLICT (intent_id) DO NOTHING
"""
_FIND_CHARGE = "SELECT * FROM sandbox.charges WHERE intent_id = $1"
_LOCK_CHARGE = f"{_FIND_CHARGE} FOR UPDATE"
_LOCK_CHARGE_BY_ID = "SELECT * FROM sandbox.charges WHERE id = $1 FOR UPDATE"
_MOVE_CHARGE = """
UPDATE sandbox.charges SET status = $2, decline_code = $3, card = $4 WHERE id = $1 RETURNING *
"""
_INSERT_DELIVERY = "INSERT INTO sandbox.deliveries (id, body) VALUES ($1, $2)"
_FIND_REFUND = "SELECT id FROM sandbox.refunds WHERE refund_id = $1"
_TAKE_BACK = """
UPDATE sandbox.charges SET refunded_cents = refunded_cents + $2
WHERE id = $1 AND status = 'succeeded' AND refunded_cents + $2 <= amount_cents
"""
_INSERT_REFUND = (
    "INSERT INTO sandbox.refunds (refund_id, id, charge_id, amount_cents) VALUES ($1, $2, $3, $4)"
)

_CARD_YEARS = 5
_OPEN = {ChargeStatus.REQUIRES_CONFIRMATION, ChargeStatus.REQUIRES_ACTION, ChargeStatus.DECLINED}


class SandboxGateway:
    """The gateway. `think` is how long it ponders each call, in seconds, as one across a network would."""

    name: GatewayName = "sandbox"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, secret: bytes, think: float = 0) -> None:
        self._pool = pool
        self._secret = secret
        self._think = think
        self.changed = asyncio.Event()
        """Set whenever there may be something to deliver."""

    async def attach(self, user_id: UUID, token: str) -> MethodDetails:
        async with self._open("attach") as connection:
            card = CARDS.get(token)
            if card is None:
                return _details(token, CARDS[await _card_of(connection, user_id, token)])
            if card.decline_code is not None and not card.attaches:
                raise CardDeclined(card.decline_code)
            method_id = f"pm_{secrets.token_hex(12)}"
            await connection.execute(_INSERT_METHOD, method_id, user_id, token)
            return _details(method_id, card)

    async def detach(self, external_id: str) -> None:
        async with self._open("detach") as connection:
            await connection.execute(_DETACH, external_id)

    async def create(self, request: ChargeRequest) -> ChargeResult:
        async with self._open("create") as connection:
            return _result(await self._create(connection, request))

    async def charge(self, request: ChargeRequest) -> ChargeResult:
        async with self._open("charge") as connection:
            charge = await self._create(connection, request)
            if charge["status"] == ChargeStatus.REQUIRES_CONFIRMATION:
                charge = await self._confirm(connection, charge, charge["card"])
            return _result(charge)

    async def confirm(self, external_id: str, method_external_id: str) -> ChargeResult:
        async with self._open("confirm") as connection:
            charge = await _lock(connection, external_id)
            if charge["status"] in {ChargeStatus.REQUIRES_CONFIRMATION, ChargeStatus.DECLINED}:
                card = await _card_of(connection, charge["user_id"], method_external_id)
                charge = await self._confirm(connection, charge, card)
            return _result(charge)

    async def retrieve(self, intent_id: UUID, external_id: str | None) -> ChargeResult | None:  # noqa: ARG002 - ours suffices here
        async with self._open("retrieve") as connection:
            charge = await connection.fetchrow(_FIND_CHARGE, intent_id)
            return _result(charge) if charge else None

    async def cancel(self, external_id: str) -> ChargeResult:
        async with self._open("cancel") as connection:
            charge = await _lock(connection, external_id)
            if charge["status"] in _OPEN:
                charge = await self._move(connection, charge, ChargeStatus.CANCELLED)
            return _result(charge)

    async def refund(self, refund_id: UUID, external_id: str, amount_cents: int) -> RefundResult:
        async with self._open("refund") as connection:
            await _lock(connection, external_id)
            known = await connection.fetchval(_FIND_REFUND, refund_id)
            if known is not None:
                return RefundResult(known, "succeeded")
            if await connection.execute(_TAKE_BACK, external_id, amount_cents) == "UPDATE 0":
                return RefundResult(None, "failed", "amount_too_large")
            made = f"re_{secrets.token_hex(12)}"
            await connection.execute(_INSERT_REFUND, refund_id, made, external_id, amount_cents)
            return RefundResult(made, "succeeded")

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        verify(self._secret, body, headers.get(HEADER, ""))
        try:
            event = orjson.loads(body)
            return WebhookEvent(str(event["id"]), str(event["kind"]), UUID(event["intentId"]))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise BadSignature from error

    async def authenticate(self, external_id: str, client_secret: str, *, passed: bool) -> ChargeResult:
        """Pass or fail, as the customer does on the bank's page. Raises IntentNotFound on a wrong secret.

        A prepared charge is confirmed by it, as the gateway's client library would.
        """
        async with self._open("authenticate") as connection:
            charge = await _lock(connection, external_id)
            _check_secret(charge, client_secret)
            if charge["status"] == ChargeStatus.REQUIRES_CONFIRMATION and passed:
                charge = await self._confirm(connection, charge, charge["card"])
            elif charge["status"] == ChargeStatus.REQUIRES_ACTION:
                card = CARDS[charge["card"]]
                failure = card.decline_code if passed else "authentication_required"
                charge = await self._end(connection, charge, failure)
            return _result(charge)

    async def look(self, external_id: str, client_secret: str) -> tuple[ChargeResult, int]:
        """Return a charge and its amount in cents to who knows its secret. Raises IntentNotFound."""
        async with self._open("look") as connection:
            charge = await _lock(connection, external_id)
            _check_secret(charge, client_secret)
            return _result(charge), charge["amount_cents"]

    @asynccontextmanager
    async def _open(self, call: str) -> AsyncIterator[Connection]:
        refuse_inside_transaction(f"The payment gateway's {call}")
        if self._think:
            await asyncio.sleep(self._think)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection
        except DATABASE_LOST as error:
            raise GatewayUnavailable from error
        self.changed.set()

    async def _create(self, connection: Connection, request: ChargeRequest) -> Any:
        known = await connection.fetchrow(_LOCK_CHARGE, request.intent_id)
        if known is not None:
            return known
        card = await _card_of(connection, request.user_id, request.method_external_id)
        charge_id = f"pi_{secrets.token_hex(12)}"
        await connection.execute(
            _INSERT_CHARGE,
            charge_id,
            request.intent_id,
            request.user_id,
            request.amount_cents,
            card,
            f"{charge_id}_secret_{secrets.token_hex(12)}",
        )
        return await connection.fetchrow(_LOCK_CHARGE, request.intent_id)

    async def _confirm(self, connection: Connection, charge: Any, card_id: str) -> Any:
        if CARDS[card_id].asks_authentication:
            return await self._move(connection, charge, ChargeStatus.REQUIRES_ACTION, card=card_id)
        return await self._end(connection, charge, CARDS[card_id].decline_code, card=card_id)

    async def _end(
        self, connection: Connection, charge: Any, decline_code: str | None, *, card: str | None = None
    ) -> Any:
        status = ChargeStatus.SUCCEEDED if decline_code is None else ChargeStatus.DECLINED
        return await self._move(connection, charge, status, decline_code=decline_code, card=card)

    async def _move(
        self,
        connection: Connection,
        charge: Any,
        status: ChargeStatus,
        *,
        decline_code: str | None = None,
        card: str | None = None,
    ) -> Any:
        event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "kind": f"payment.{status}",
            "intentId": str(charge["intent_id"]),
        }
        await connection.execute(_INSERT_DELIVERY, event["id"], orjson.dumps(event))
        return await connection.fetchrow(
            _MOVE_CHARGE, charge["id"], status.value, decline_code, card or charge["card"]
        )


async def _lock(connection: Connection, external_id: str) -> Any:
    charge = await connection.fetchrow(_LOCK_CHARGE_BY_ID, external_id)
    if charge is None:
        raise IntentNotFound
    return charge


def _check_secret(charge: Any, client_secret: str) -> None:
    if not secrets.compare_digest(charge["client_secret"].encode(), client_secret.encode()):
        raise IntentNotFound


async def _card_of(connection: Connection, user_id: UUID, token: str) -> str:
    """Return the test card behind a method of this customer, or behind a test id used directly."""
    if token in CARDS:
        return token
    card = await connection.fetchval(_FIND_METHOD, token, user_id)
    if card is None:
        raise UnknownPaymentMethod
    return str(card)


def _details(method_id: str, card: Card) -> MethodDetails:
    last_year = datetime.now(UTC).year + _CARD_YEARS
    return MethodDetails(method_id, card.brand, card.last_four, date(last_year, 12, 31))


def _result(charge: Any) -> ChargeResult:
    return ChargeResult(
        charge["id"], ChargeStatus(charge["status"]), charge["client_secret"], charge["decline_code"]
    )
