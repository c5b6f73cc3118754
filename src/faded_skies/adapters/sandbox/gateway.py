"""A payment gateway that moves no money, but remembers, refuses and repeats itself as a real one does."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from faded_skies.adapters.sandbox import queries
from faded_skies.adapters.sandbox.cards import CARDS, Card, fee_cents
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
    DisputeState,
    GatewayName,
    GatewayRefund,
    MethodDetails,
    RefundResult,
    Wallet,
    WebhookEvent,
)
from faded_skies.platform.db import DATABASE_LOST
from faded_skies.platform.outbound import refuse_inside_transaction

_CARD_YEARS = 5
_CONFIRMABLE = {ChargeStatus.REQUIRES_CONFIRMATION, ChargeStatus.DECLINED}
_CANCELLABLE = {*_CONFIRMABLE, ChargeStatus.REQUIRES_ACTION, ChargeStatus.AUTHORIZED}


class SandboxGateway:
    """The gateway. `think` is how long it ponders each call, in seconds, as one across a network would."""

    name: GatewayName = "sandbox"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, secret: bytes, think: float = 0) -> None:
        self._pool = pool
        self._secret = secret
        self._think = think
        self.changed = asyncio.Event()
        """Set whenever there may be something to deliver."""

    async def open_customer(self, user_id: UUID) -> str:
        async with self._open("open_customer") as connection:
            return await queries.open_customer(connection, user_id)

    async def forget_customer(self, customer: str) -> None:
        async with self._open("forget_customer") as connection:
            await queries.forget_customer(connection, customer)

    async def attach(self, customer: str, token: str, *, wallet: Wallet | None = None) -> MethodDetails:
        async with self._open("attach") as connection:
            card = CARDS.get(token)
            if card is None:
                kept = await queries.find_method(connection, token, customer)
                if kept is None:
                    raise UnknownPaymentMethod
                return _details(kept)
            if card.decline_code is not None and not card.attaches:
                raise CardDeclined(card.decline_code)
            return _details(await queries.insert_method(connection, customer, card=token, wallet=wallet))

    async def detach(self, external_id: str) -> None:
        async with self._open("detach") as connection:
            await queries.detach(connection, external_id)

    async def list_methods(self, customer: str) -> Sequence[MethodDetails]:
        async with self._open("list_methods") as connection:
            return [_details(row) for row in await queries.list_methods(connection, customer)]

    async def set_default(self, customer: str, external_id: str) -> None:
        async with self._open("set_default") as connection:
            if not await queries.set_default(connection, customer, external_id):
                raise UnknownPaymentMethod

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
            if charge["status"] in _CONFIRMABLE:
                card = await _card_of(connection, charge["customer"], method_external_id)
                charge = await self._confirm(connection, charge, card)
            return _result(charge)

    async def capture(self, external_id: str) -> ChargeResult:
        async with self._open("capture") as connection:
            charge = await _lock(connection, external_id)
            if charge["status"] == ChargeStatus.AUTHORIZED:
                charge = await _move(connection, charge, ChargeStatus.SUCCEEDED)
            return _result(charge)

    async def retrieve(
        self,
        intent_id: UUID,
        *,
        customer: str | None,  # noqa: ARG002 - ours suffices here
        external_id: str | None,  # noqa: ARG002 - as above
    ) -> ChargeResult | None:
        async with self._open("retrieve") as connection:
            charge = await queries.find_charge(connection, intent_id)
            return _result(charge) if charge else None

    async def cancel(self, external_id: str) -> ChargeResult:
        async with self._open("cancel") as connection:
            charge = await _lock(connection, external_id)
            if charge["status"] in _CANCELLABLE:
                charge = await _move(connection, charge, ChargeStatus.CANCELLED)
            return _result(charge)

    async def refund(self, refund_id: UUID, external_id: str, amount_cents: int) -> RefundResult:
        async with self._open("refund") as connection:
            charge = await _lock(connection, external_id)
            known = await queries.find_refund(connection, refund_id)
            if known is not None:
                return _refund(known).result
            if not await queries.take_back(connection, external_id, amount_cents):
                return RefundResult(None, "failed", "amount_too_large")
            made = await queries.insert_refund(
                connection,
                charge=charge,
                refund_id=refund_id,
                amount_cents=amount_cents,
                status="processing" if CARDS[charge["card"]].refunds == "pending" else "succeeded",
            )
            return _refund(made).result

    async def list_refunds(self, external_id: str) -> Sequence[GatewayRefund]:
        async with self._open("list_refunds") as connection:
            return [_refund(row) for row in await queries.list_refunds(connection, external_id)]

    async def find_dispute(self, external_id: str) -> DisputeState | None:
        async with self._open("find_dispute") as connection:
            row = await queries.find_dispute(connection, external_id)
            return DisputeState(**dict(row)) if row else None

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        verify(self._secret, body, headers.get(HEADER, ""))
        try:
            event = orjson.loads(body)
            named = event.get("intentId")
            return WebhookEvent(
                str(event["id"]),
                str(event["kind"]),
                event.get("about", "charge"),
                UUID(named) if named else None,
                event.get("externalId"),
            )
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
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
                charge = await _end(connection, charge, failure)
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
        known = await queries.lock_charge_of(connection, request.intent_id)
        if known is None:
            card = await _card_of(connection, request.customer, request.method_external_id)
            known = await queries.insert_charge(connection, request, card)
        asked = (known["customer"], known["amount_cents"], known["captures_later"])
        if asked != (request.customer, request.amount_cents, request.captures_later):
            raise ValueError(f"intent {request.intent_id} was charged with other values before")
        return known

    async def _confirm(self, connection: Connection, charge: Any, card_id: str) -> Any:
        if CARDS[card_id].asks_authentication:
            return await _move(connection, charge, ChargeStatus.REQUIRES_ACTION, card=card_id)
        return await _end(connection, charge, CARDS[card_id].decline_code, card=card_id)


async def _end(
    connection: Connection, charge: Any, decline_code: str | None, *, card: str | None = None
) -> Any:
    if decline_code is not None:
        return await _move(connection, charge, ChargeStatus.DECLINED, decline_code=decline_code, card=card)
    status = ChargeStatus.AUTHORIZED if charge["captures_later"] else ChargeStatus.SUCCEEDED
    return await _move(connection, charge, status, card=card)


async def _move(
    connection: Connection,
    charge: Any,
    status: ChargeStatus,
    *,
    decline_code: str | None = None,
    card: str | None = None,
) -> Any:
    moved = await queries.move_charge(
        connection, charge, status=status, decline_code=decline_code, card=card or charge["card"]
    )
    if status is ChargeStatus.SUCCEEDED and CARDS[moved["card"]].is_disputed:
        await queries.open_dispute(connection, moved)
    return moved


async def _lock(connection: Connection, external_id: str) -> Any:
    charge = await queries.lock_charge(connection, external_id)
    if charge is None:
        raise IntentNotFound
    return charge


def _check_secret(charge: Any, client_secret: str) -> None:
    if not secrets.compare_digest(charge["client_secret"].encode(), client_secret.encode()):
        raise IntentNotFound


async def _card_of(connection: Connection, customer: str | None, token: str) -> str:
    """Return the test card behind a method of this customer, or behind a test id used directly."""
    if token in CARDS:
        return token
    kept = await queries.find_method(connection, token, customer)
    if kept is None:
        raise UnknownPaymentMethod
    return str(kept["card"])


def _details(row: Any) -> MethodDetails:
    card: Card = CARDS[row["card"]]
    last_year = datetime.now(UTC).year + _CARD_YEARS
    return MethodDetails(row["id"], card.brand, card.last_four, date(last_year, 12, 31), row["wallet"])


def _refund(row: Any) -> GatewayRefund:
    result = RefundResult(row["id"], row["status"], row["reason"])
    return GatewayRefund(row["refund_id"], row["id"], row["amount_cents"], result)


def _result(charge: Any) -> ChargeResult:
    status = ChargeStatus(charge["status"])
    fee = fee_cents(charge["amount_cents"]) if status is ChargeStatus.SUCCEEDED else None
    return ChargeResult(charge["id"], status, charge["client_secret"], charge["decline_code"], fee)
