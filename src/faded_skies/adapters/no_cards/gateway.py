"""The gateway of a shop that has none: cash and coins work, cards are refused in a sentence."""

from collections.abc import Mapping
from typing import NoReturn
from uuid import UUID

from faded_skies.domains.payments.errors import BadSignature, GatewayUnavailable, TenderNotAllowed
from faded_skies.domains.payments.ports import ChargeRequest, GatewayName


def _refuse() -> NoReturn:
    raise TenderNotAllowed("This shop does not take cards yet. Pay cash or with FS coins.")


class NoCards:
    """Used in production as long as no gateway's key is set."""

    name: GatewayName = "stripe"

    async def attach(self, user_id: UUID, token: str) -> NoReturn:  # noqa: ARG002 - the port's signature
        _refuse()

    async def create(self, request: ChargeRequest) -> NoReturn:  # noqa: ARG002 - as above
        _refuse()

    async def charge(self, request: ChargeRequest) -> NoReturn:  # noqa: ARG002 - as above
        _refuse()

    async def confirm(self, external_id: str, method_external_id: str) -> NoReturn:  # noqa: ARG002 - as above
        _refuse()

    # What an earlier gateway took cannot be asked about, cancelled or given back until its key is back.

    async def detach(self, external_id: str) -> NoReturn:  # noqa: ARG002 - as above
        raise GatewayUnavailable

    async def retrieve(self, intent_id: UUID, external_id: str | None) -> NoReturn:  # noqa: ARG002 - as above
        raise GatewayUnavailable

    async def cancel(self, external_id: str) -> NoReturn:  # noqa: ARG002 - as above
        raise GatewayUnavailable

    async def refund(self, refund_id: UUID, external_id: str, amount_cents: int) -> NoReturn:  # noqa: ARG002 - as above
        raise GatewayUnavailable

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> NoReturn:  # noqa: ARG002 - as above
        raise BadSignature
