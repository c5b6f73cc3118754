"""Money on its way back: refunds, and disputes (docs.stripe.com/refunds, docs.stripe.com/disputes)."""

from collections.abc import Sequence
from uuid import UUID

import stripe

from faded_skies.adapters.stripe import reading
from faded_skies.adapters.stripe.calling import PAGE, Refusal, calling, refuse
from faded_skies.domains.payments.ports import DisputeState, GatewayRefund, RefundResult


class Refunds:
    """Makes and finds refunds, and finds disputes."""

    def __init__(self, api: stripe.V1Services) -> None:
        self._api = api

    async def make(self, refund_id: UUID, external_id: str, amount_cents: int) -> RefundResult:
        """Give money back once: what Stripe has of this refund already is the answer.

        The key alone would not do: Stripe forgets it after a day, and a refund may wait for longer.
        """
        known = await self._find(refund_id, external_id)
        if known is not None:
            return known
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
            known = await self._find(refund_id, external_id)
            return known or RefundResult(None, "failed", error.code or "refused")
        return reading.refund_of(made.to_dict()).result

    async def _find(self, refund_id: UUID, external_id: str) -> RefundResult | None:
        for known in await self.list_of(external_id):
            if known.refund_id == refund_id:
                return known.result
        return None

    async def list_of(self, external_id: str) -> Sequence[GatewayRefund]:
        """Return every refund of a charge. Raises IntentNotFound."""
        try:
            with calling("list_refunds"):
                found = await self._api.refunds.list_async({"payment_intent": external_id, "limit": PAGE})
                return [reading.refund_of(refund.to_dict()) async for refund in found.auto_paging_iter()]
        except Refusal as error:
            raise refuse("list_refunds", error) from error

    async def find_dispute(self, external_id: str) -> DisputeState | None:
        """Return a dispute, None when there is none or it is of no charge of ours."""
        try:
            with calling("find_dispute"):
                dispute = await self._api.disputes.retrieve_async(external_id)
        except Refusal as error:
            if error.code == "resource_missing":
                return None
            raise refuse("find_dispute", error) from error
        return reading.dispute_of(dispute.to_dict())
