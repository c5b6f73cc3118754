"""Opens the adapter for Stripe."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import stripe

from faded_skies.adapters.stripe.gateway import StripeGateway
from faded_skies.adapters.stripe.webhooks import WebhookReader
from faded_skies.platform.settings.charging import StripeAccount

API_VERSION = "2026-10-28.endive"
"""Pinned: another version may name things otherwise."""

_TIMEOUT_SECONDS = 20
_RETRIES = 1
"""By the SDK, with the same idempotency key; what is still unknown then is asked about by the sweep."""


@asynccontextmanager
async def open_stripe(account: StripeAccount) -> AsyncIterator[StripeGateway]:
    """Keep connections to Stripe open until the end."""
    http = stripe.HTTPXClient(timeout=_TIMEOUT_SECONDS)
    client = stripe.StripeClient(
        account.secret_key.get_secret_value(),
        stripe_version=API_VERSION,
        base_addresses={} if account.api_base is None else {"api": account.api_base},
        max_network_retries=_RETRIES,
        http_client=http,
    )
    webhooks = WebhookReader(
        [secret.get_secret_value() for secret in account.webhook_secrets], live=account.moves_money
    )
    try:
        yield StripeGateway(client, webhooks, confirmation=account.confirmation)
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]  # the SDK leaves it without types
