"""Stripe as our payment gateway, by its official SDK. Amounts are US cents.

Every call that changes something carries an idempotency key made of our own ids, so that a repetition after a lost
answer is the same call (docs.stripe.com/api/idempotent_requests; Stripe forgets keys after a day, our rows do not).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import stripe

from faded_skies.adapters.stripe import reading
from faded_skies.adapters.stripe.calling import Declined, Refusal, calling, is_about_method, refuse, told_by
from faded_skies.adapters.stripe.webhooks import WebhookReader
from faded_skies.domains.payments.errors import CardDeclined, UnknownPaymentMethod
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

_EXPAND = ["latest_charge.balance_transaction"]
_CONFIRMABLE = {"requires_payment_method", "requires_confirmation"}
_MOST_LISTED = 100


class StripeGateway:
    """The gateway. `confirmation` says who confirms a charge: the app too (automatic), or this server alone."""

    name: GatewayName = "stripe"

    def __init__(
        self,
        client: stripe.StripeClient,
        webhooks: WebhookReader,
        *,
        confirmation: Literal["automatic", "manual"],
    ) -> None:
        self._api = client.v1
        self._webhooks = webhooks
        self._confirmation = confirmation

    async def open_customer(self, user_id: UUID) -> str:
        with calling("open_customer"):
            customer = await self._api.customers.create_async(
                {"metadata": {"user_id": str(user_id)}}, {"idempotency_key": f"customer-{user_id}"}
            )
        return customer.id

    async def forget_customer(self, customer: str) -> None:
        try:
            with calling("forget_customer"):
                await self._api.customers.delete_async(customer)
        except Refusal as error:
            if error.code != "resource_missing":
                raise refuse("forget_customer", error) from error

    async def attach(
        self,
        customer: str,
        token: str,
        *,
        wallet: Wallet | None = None,  # noqa: ARG002 - Stripe knows by itself
    ) -> MethodDetails:
        try:
            with calling("attach"):
                method = await self._api.payment_methods.attach_async(token, {"customer": customer})
        except Declined as error:
            raise CardDeclined(reading.decline_code_of(told_by(error))) from error
        except (Refusal, ValueError) as error:
            # It may be theirs already, by an earlier call whose answer was lost.
            return await self._describe_own(customer, token, error)
        return reading.method_of(method.to_dict())

    async def _describe_own(self, customer: str, token: str, error: Exception) -> MethodDetails:
        try:
            with calling("attach"):
                method = (await self._api.payment_methods.retrieve_async(token)).to_dict()
        except (Refusal, ValueError):
            raise UnknownPaymentMethod from error
        if method.get("customer") != customer or "card" not in method:
            raise UnknownPaymentMethod from error
        return reading.method_of(method)

    async def detach(self, external_id: str) -> None:
        try:
            with calling("detach"):
                await self._api.payment_methods.detach_async(external_id)
        except Refusal:
            return  # unknown, or attached to nobody any more

    async def list_methods(self, customer: str) -> Sequence[MethodDetails]:
        try:
            with calling("list_methods"):
                found = await self._api.payment_methods.list_async(
                    {"customer": customer, "type": "card", "limit": _MOST_LISTED}
                )
        except Refusal as error:
            if error.code == "resource_missing":
                return []
            raise refuse("list_methods", error) from error
        return [reading.method_of(method.to_dict()) for method in found.data]

    async def set_default(self, customer: str, external_id: str) -> None:
        try:
            with calling("set_default"):
                await self._api.customers.update_async(
                    customer, {"invoice_settings": {"default_payment_method": external_id}}
                )
        except Refusal as error:
            raise UnknownPaymentMethod from error

    async def create(self, request: ChargeRequest) -> ChargeResult:
        return await self._make(request, {}, key=f"intent-{request.intent_id}-create")

    async def charge(self, request: ChargeRequest) -> ChargeResult:
        return await self._make(request, {"confirm": True}, key=f"intent-{request.intent_id}-charge")

    async def _make(self, request: ChargeRequest, more: dict[str, Any], *, key: str) -> ChargeResult:
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
            **more,
        }
        try:
            with calling("charge"):
                made = await self._api.payment_intents.create_async(params, {"idempotency_key": key})
        except Declined as error:
            return _declined(error)
        except Refusal as error:
            if error.code == "amount_too_small":
                return ChargeResult(None, ChargeStatus.DECLINED, None, error.code)
            raise refuse("charge", error) from error
        return reading.charge_of(made.to_dict())

    async def confirm(self, external_id: str, method_external_id: str) -> ChargeResult:
        now = await self._look(external_id)
        if now["status"] not in _CONFIRMABLE:
            return reading.charge_of(now)
        # The state is part of the key: after a decline, or after the customer's own step, it is another call.
        key = f"{external_id}-confirm-{method_external_id}-{now['status']}-{reading.latest_charge_of(now)}"
        try:
            with calling("confirm"):
                confirmed = await self._api.payment_intents.confirm_async(
                    external_id,
                    {"payment_method": method_external_id, "expand": _EXPAND},
                    {"idempotency_key": key},
                )
        except Declined as error:
            return _declined(error, external_id)
        except Refusal as error:
            if is_about_method(error):
                raise UnknownPaymentMethod from error
            return reading.charge_of(await self._look(external_id))
        return reading.charge_of(confirmed.to_dict())

    async def capture(self, external_id: str) -> ChargeResult:
        try:
            with calling("capture"):
                captured = await self._api.payment_intents.capture_async(
                    external_id, {"expand": _EXPAND}, {"idempotency_key": f"{external_id}-capture"}
                )
        except Declined as error:
            return _declined(error, external_id)
        except Refusal:
            return reading.charge_of(await self._look(external_id))
        return reading.charge_of(captured.to_dict())

    async def retrieve(
        self, intent_id: UUID, *, customer: str | None, external_id: str | None
    ) -> ChargeResult | None:
        if external_id is not None:
            return reading.charge_of(await self._look(external_id))
        if customer is None:
            return None
        found = await self._find(intent_id, customer)
        return None if found is None else reading.charge_of(await self._look(found))

    async def _find(self, intent_id: UUID, customer: str) -> str | None:
        """Return the charge that was made for our intent: among a customer's own, which are listed without delay."""
        try:
            with calling("find"):
                listed = await self._api.payment_intents.list_async(
                    {"customer": customer, "limit": _MOST_LISTED}
                )
        except Refusal as error:
            if error.code == "resource_missing":
                return None
            raise refuse("find", error) from error
        for intent in listed.data:
            if reading.intent_id_of(intent.to_dict()) == intent_id:
                return intent.id
        return None

    async def _look(self, external_id: str) -> dict[str, Any]:
        try:
            with calling("look"):
                intent = await self._api.payment_intents.retrieve_async(external_id, {"expand": _EXPAND})
        except Refusal as error:
            raise refuse("look", error) from error
        return intent.to_dict()

    async def cancel(self, external_id: str) -> ChargeResult:
        try:
            with calling("cancel"):
                cancelled = await self._api.payment_intents.cancel_async(
                    external_id, {"expand": _EXPAND}, {"idempotency_key": f"{external_id}-cancel"}
                )
        except Refusal:
            # It has ended: how is what we want to know (payment_intent_unexpected_state).
            return reading.charge_of(await self._look(external_id))
        return reading.charge_of(cancelled.to_dict())

    async def refund(self, refund_id: UUID, external_id: str, amount_cents: int) -> RefundResult:
        try:
            with calling("refund"):
                made = await self._api.refunds.create_async(
                    {
                        "payment_intent": external_id,
                        "amount": amount_cents,
                        "metadata": {"refund_id": str(refund_id)},
                    },
                    {"idempotency_key": f"refund-{refund_id}"},
                )
        except Refusal as error:
            for known in await self.list_refunds(external_id):
                if known.refund_id == refund_id:
                    return known.result
            return RefundResult(None, "failed", error.code or "refused")
        return reading.refund_of(made.to_dict()).result

    async def list_refunds(self, external_id: str) -> Sequence[GatewayRefund]:
        try:
            with calling("list_refunds"):
                found = await self._api.refunds.list_async(
                    {"payment_intent": external_id, "limit": _MOST_LISTED}
                )
        except Refusal as error:
            raise refuse("list_refunds", error) from error
        return [reading.refund_of(refund.to_dict()) for refund in found.data]

    async def find_dispute(self, external_id: str) -> DisputeState | None:
        try:
            with calling("find_dispute"):
                dispute = await self._api.disputes.retrieve_async(external_id)
        except Refusal as error:
            if error.code == "resource_missing":
                return None
            raise refuse("find_dispute", error) from error
        return reading.dispute_of(dispute.to_dict())

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        return self._webhooks.read(headers, body)


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
