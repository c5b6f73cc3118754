"""Charges: PaymentIntents of Stripe (docs.stripe.com/payments/paymentintents/lifecycle)."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

import stripe

from faded_skies.adapters.stripe import reading
from faded_skies.adapters.stripe.calling import (
    PAGE,
    Declined,
    Refusal,
    calling,
    is_about_method,
    is_replay,
    refuse,
    told_by,
)
from faded_skies.domains.payments.errors import UnknownPaymentMethod
from faded_skies.domains.payments.ports import ChargeRequest, ChargeResult, ChargeStatus
from faded_skies.platform.ids import new_id

_EXPAND = ["latest_charge.balance_transaction"]
_CONFIRMABLE = {"requires_payment_method", "requires_confirmation"}
_AMOUNT_REFUSED = {"amount_too_small", "amount_too_large"}
_CLOCKS_DIFFER_SECONDS = 24 * 3600


class Charges:
    """Makes, moves and finds charges. `confirmation`: the app may confirm too (automatic), or this server alone."""

    def __init__(self, api: stripe.V1Services, *, confirmation: Literal["automatic", "manual"]) -> None:
        self._api = api
        self._confirmation = confirmation

    async def make(self, request: ChargeRequest, *, confirm: bool) -> ChargeResult:
        """Prepare a charge, or take its money too. Raises UnknownPaymentMethod."""
        params: Any = {
            "amount": request.amount_cents,
            "currency": "usd",
            "customer": request.customer,
            "payment_method": request.method_external_id,
            "payment_method_types": ["card"],
            "capture_method": "manual" if request.captures_later else "automatic",
            "confirmation_method": self._confirmation,
            "metadata": {"intent_id": str(request.intent_id)},
            "expand": _EXPAND,
            **({"confirm": True} if confirm else {}),
        }
        key = f"intent-{request.intent_id}-{'charge' if confirm else 'create'}"
        try:
            with calling("charge"):
                made = await self._api.payment_intents.create_async(params, {"idempotency_key": key})
        except Declined as error:
            return _declined(error)
        except Refusal as error:
            if error.code in _AMOUNT_REFUSED:
                return ChargeResult(None, ChargeStatus.DECLINED, None, error.code)
            raise refuse("charge", error) from error
        return reading.charge_of(made.to_dict())

    async def confirm(self, external_id: str, method: str) -> ChargeResult:
        """Take the money of a prepared charge, and after the customer's own step; else answer the state."""
        now = await self._look(external_id)
        if now["status"] not in _CONFIRMABLE:
            return reading.charge_of(now)
        key = _confirm_key(now, method)
        result, is_old = await self._confirm(now, method, key)
        if not is_old:
            return result
        now = await self._look(external_id)
        if _confirm_key(now, method) != key:
            return reading.charge_of(now)
        # The customer took their step since, and that looks as it did before the first call: this is another one.
        result, _ = await self._confirm(now, method, f"{key}-{new_id()}")
        return result

    async def _confirm(self, now: Mapping[str, Any], method: str, key: str) -> tuple[ChargeResult, bool]:
        """Return the answer, and whether it is one that was given before to the same key."""
        params: Any = {"expand": _EXPAND}
        if now.get("payment_method") != method:
            params["payment_method"] = method
        try:
            with calling("confirm"):
                confirmed = await self._api.payment_intents.confirm_async(
                    now["id"], params, {"idempotency_key": key}
                )
        except Declined as error:
            return _declined(error, now["id"]), is_replay(error.headers)
        except Refusal as error:
            if is_about_method(error):
                raise UnknownPaymentMethod from error
            return reading.charge_of(await self._look(now["id"])), False
        answer = confirmed.last_response
        return reading.charge_of(confirmed.to_dict()), answer is not None and is_replay(answer.headers)

    async def capture(self, external_id: str) -> ChargeResult:
        """Take authorised money; any other charge answers its state."""
        try:
            with calling("capture"):
                captured = await self._api.payment_intents.capture_async(
                    external_id, {"expand": _EXPAND}, {"idempotency_key": f"{external_id}-capture"}
                )
        except Declined as error:
            return _declined(error, external_id)
        except Refusal:
            return await self.state(external_id)
        return reading.charge_of(captured.to_dict())

    async def cancel(self, external_id: str) -> ChargeResult:
        """End a charge; one that has ended answers how (payment_intent_unexpected_state)."""
        try:
            with calling("cancel"):
                cancelled = await self._api.payment_intents.cancel_async(
                    external_id, {"expand": _EXPAND}, {"idempotency_key": f"{external_id}-cancel"}
                )
        except Refusal:
            return await self.state(external_id)
        return reading.charge_of(cancelled.to_dict())

    async def state(self, external_id: str) -> ChargeResult:
        """Return how a charge stands now. Raises IntentNotFound."""
        return reading.charge_of(await self._look(external_id))

    async def find(self, intent_id: UUID, customer: str) -> ChargeResult | None:
        """Return the charge that was made for our intent, among its customer's since then.

        They are listed without delay, unlike what Stripe's search finds.
        """
        since = (intent_id.int >> 80) // 1000 - _CLOCKS_DIFFER_SECONDS
        try:
            with calling("find"):
                listed = await self._api.payment_intents.list_async(
                    {"customer": customer, "created": {"gte": since}, "limit": PAGE}
                )
                async for intent in listed.auto_paging_iter():
                    if reading.intent_id_of(intent.to_dict()) == intent_id:
                        return await self.state(intent.id)
        except Refusal as error:
            if error.code == "resource_missing":
                return None
            raise refuse("find", error) from error
        return None

    async def _look(self, external_id: str) -> dict[str, Any]:
        try:
            with calling("look"):
                intent = await self._api.payment_intents.retrieve_async(external_id, {"expand": _EXPAND})
        except Refusal as error:
            raise refuse("look", error) from error
        return intent.to_dict()


def _confirm_key(now: Mapping[str, Any], method: str) -> str:
    """Return the key of a confirmation: another card, and another try after a decline, are other calls."""
    held = "-held" if now.get("payment_method") == method else ""
    return f"{now['id']}-confirm-{method}{held}-{now['status']}-{reading.latest_charge_of(now)}"


def _declined(error: Declined, external_id: str | None = None) -> ChargeResult:
    """Return a decline, with the charge that Stripe made for it where it says so."""
    told = told_by(error)
    intent = told.get("payment_intent") or {}
    return ChargeResult(
        intent.get("id") or external_id,
        ChargeStatus.DECLINED,
        intent.get("client_secret"),
        reading.decline_code_of(told),
    )
