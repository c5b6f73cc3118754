"""Opens the adapter for Jumio."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faded_skies.adapters.jumio.caller import Hosts, open_caller
from faded_skies.adapters.jumio.verifier import JumioVerifier, Workflow
from faded_skies.platform.settings import Settings
from faded_skies.platform.settings.papers import JumioClient


@asynccontextmanager
async def open_jumio(
    client: JumioClient, settings: Settings, *, hosts: Hosts | None = None
) -> AsyncIterator[JumioVerifier]:
    """Keep connections to Jumio open until the end; `hosts` are those of the region unless told otherwise."""
    hosts = hosts or Hosts.of(client.region)
    app = settings.client_origins[0]
    workflow = Workflow(
        key=client.workflow,
        callback_url=f"{settings.api_url.rstrip('/')}/webhooks/jumio",
        success_url=f"{app}/profile/id-verification?outcome=done",
        error_url=f"{app}/profile/id-verification?outcome=failed",
    )
    async with open_caller(
        hosts,
        client_id=client.token,
        secret=client.secret.get_secret_value(),
        user_agent=f"FadedSkies faded-skies/{settings.version}",
    ) as caller:
        yield JumioVerifier(caller, hosts, workflow, callback_networks=client.callback_networks)
