"""Customers and the cards that are kept for them (docs.stripe.com/api/payment_methods)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import stripe

from faded_skies.adapters.stripe import reading
from faded_skies.adapters.stripe.calling import PAGE, Declined, Refusal, calling, refuse, told_by
from faded_skies.domains.payments.errors import CardDeclined, UnknownPaymentMethod
from faded_skies.domains.payments.ports import MethodDetails


class Methods:
    """Keeps and forgets people and their cards. Stripe learns of a person no more than our id."""

    def __init__(self, api: stripe.V1Services) -> None:
        self._api = api

    async def open_customer(self, user_id: UUID) -> str:
        """Return Stripe's name of a person."""
        try:
            with calling("open_customer"):
                customer = await self._api.customers.create_async(
                    {"metadata": {"user_id": str(user_id)}}, {"idempotency_key": f"customer-{user_id}"}
                )
        except Refusal as error:
            raise refuse("open_customer", error) from error
        return customer.id

    async def forget_customer(self, customer: str) -> None:
        """Forget a person and their cards."""
        try:
            with calling("forget_customer"):
                await self._api.customers.delete_async(customer)
        except Refusal as error:
            if error.code != "resource_missing":
                raise refuse("forget_customer", error) from error

    async def attach(self, customer: str, token: str) -> MethodDetails:
        """Keep a card; what is none is let go. Raises CardDeclined, UnknownPaymentMethod."""
        try:
            with calling("attach"):
                attached = await self._api.payment_methods.attach_async(token, {"customer": customer})
        except Declined as error:
            raise CardDeclined(reading.decline_code_of(told_by(error))) from error
        except (Refusal, ValueError) as error:
            # It may be theirs already, by an earlier call whose answer was lost.
            return await self._describe_own(customer, token, error)
        method = attached.to_dict()
        if "card" not in method:
            await self.detach(method["id"])
            raise UnknownPaymentMethod
        return reading.method_of(method)

    async def _describe_own(self, customer: str, token: str, error: Exception) -> MethodDetails:
        try:
            with calling("attach"):
                method: dict[str, Any] = (await self._api.payment_methods.retrieve_async(token)).to_dict()
        except (Refusal, ValueError):
            raise UnknownPaymentMethod from error
        if method.get("customer") != customer or "card" not in method:
            raise UnknownPaymentMethod from error
        return reading.method_of(method)

    async def detach(self, external_id: str) -> None:
        """Forget a card; one that is unknown, or attached to nobody any more, is no error."""
        try:
            with calling("detach"):
                await self._api.payment_methods.detach_async(external_id)
        except Refusal:
            return

    async def list_of(self, customer: str) -> Sequence[MethodDetails]:
        """Return a customer's cards."""
        try:
            with calling("list_methods"):
                found = await self._api.payment_methods.list_async(
                    {"customer": customer, "type": "card", "limit": PAGE}
                )
                return [reading.method_of(method.to_dict()) async for method in found.auto_paging_iter()]
        except Refusal as error:
            if error.code == "resource_missing":
                return []
            raise refuse("list_methods", error) from error

    async def set_default(self, customer: str, external_id: str) -> None:
        """Make a kept card the default. Raises UnknownPaymentMethod."""
        try:
            with calling("set_default"):
                await self._api.customers.update_async(
                    customer, {"invoice_settings": {"default_payment_method": external_id}}
                )
        except Refusal as error:
            raise UnknownPaymentMethod from error
