"""Stripe's adapter on the proxy in front of an independent peer."""

from collections.abc import AsyncIterator

import pytest

from faded_skies.adapters.stripe.gateway import StripeGateway
from faded_skies.platform.ids import new_id
from peers.stripe_proxy import StripeProxy
from stripe_peer import Localstripe, stripe_gateway, stripe_proxy


@pytest.fixture
async def proxied(stripe_peer: Localstripe) -> AsyncIterator[tuple[StripeProxy, str]]:
    stripe_peer.ready()
    async with stripe_proxy(stripe_peer.address) as running:
        yield running


@pytest.fixture
def proxy(proxied: tuple[StripeProxy, str]) -> StripeProxy:
    return proxied[0]


@pytest.fixture
async def gateway(proxied: tuple[StripeProxy, str]) -> AsyncIterator[StripeGateway]:
    async with stripe_gateway(proxied[1]) as opened:
        yield opened


@pytest.fixture
async def customer(gateway: StripeGateway) -> str:
    return await gateway.open_customer(new_id())
