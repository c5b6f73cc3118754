"""Stripe as our payment gateway, by its official SDK. Amounts are US cents.

Every call that changes something carries an idempotency key made of our own ids, so that a repetition after a lost
answer is the same call (docs.stripe.com/api/idempotent_requests; Stripe forgets keys after a day, our rows do not).
"""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

import stripe

from faded_skies.adapters.stripe.calling import calling
from faded_skies.adapters.stripe.charges import Charges
from faded_skies.adapters.stripe.methods import Methods
from faded_skies.adapters.stripe.refunds import Refunds
from faded_skies.adapters.stripe.webhooks import WebhookReader
from faded_skies.domains.payments.ports import (
    ChargeRequest,
    ChargeResult,
    DisputeState,
    GatewayName,
    GatewayRefund,
    MethodDetails,
    RefundResult,
    Wallet,
    WebhookEvent,
)


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
        self._balance = client.v1.balance
        self._methods = Methods(client.v1)
        self._charges = Charges(client.v1, confirmation=confirmation)
        self._refunds = Refunds(client.v1)
        self._webhooks = webhooks

    async def check(self) -> None:
        """Ask for the balance. Raises GatewayUnavailable where Stripe does not answer, or not to our key."""
        with calling("balance"):
            await self._balance.retrieve_async()

    async def open_customer(self, user_id: UUID) -> str:
        return await self._methods.open_customer(user_id)

    async def forget_customer(self, customer: str) -> None:
        await self._methods.forget_customer(customer)

    async def attach(
        self,
        customer: str,
        token: str,
        *,
        wallet: Wallet | None = None,  # noqa: ARG002 - Stripe knows by itself
    ) -> MethodDetails:
        return await self._methods.attach(customer, token)

    async def detach(self, external_id: str) -> None:
        await self._methods.detach(external_id)

    async def list_methods(self, customer: str) -> Sequence[MethodDetails]:
        return await self._methods.list_of(customer)

    async def set_default(self, customer: str, external_id: str) -> None:
        await self._methods.set_default(customer, external_id)

    async def create(self, request: ChargeRequest) -> ChargeResult:
        return await self._charges.make(request, confirm=False)

    async def charge(self, request: ChargeRequest) -> ChargeResult:
        return await self._charges.make(request, confirm=True)

    async def confirm(self, external_id: str, method_external_id: str) -> ChargeResult:
        return await self._charges.confirm(external_id, method_external_id)

    async def capture(self, external_id: str) -> ChargeResult:
        return await self._charges.capture(external_id)

    async def retrieve(
        self, intent_id: UUID, *, customer: str | None, external_id: str | None
    ) -> ChargeResult | None:
        if external_id is not None:
            return await self._charges.state(external_id)
        return None if customer is None else await self._charges.find(intent_id, customer)

    async def cancel(self, external_id: str) -> ChargeResult:
        return await self._charges.cancel(external_id)

    async def refund(self, refund_id: UUID, external_id: str, amount_cents: int) -> RefundResult:
        return await self._refunds.make(refund_id, external_id, amount_cents)

    async def list_refunds(self, external_id: str) -> Sequence[GatewayRefund]:
        return await self._refunds.list_of(external_id)

    async def find_dispute(self, external_id: str) -> DisputeState | None:
        return await self._refunds.find_dispute(external_id)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        return self._webhooks.read(headers, body)
