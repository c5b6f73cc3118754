"""What /health asks Stripe."""

import pytest

from faded_skies.adapters.stripe.gateway import StripeGateway
from faded_skies.domains.payments.errors import GatewayUnavailable
from servers import free_port
from stripe_peer import stripe_gateway


async def test_the_balance_is_asked_for_and_silence_is_no_answer(gateway: StripeGateway) -> None:
    await gateway.check()
    async with stripe_gateway(f"http://127.0.0.1:{free_port()}") as nobody:
        with pytest.raises(GatewayUnavailable):
            await nobody.check()
