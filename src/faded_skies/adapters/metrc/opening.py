"""Opens the adapter for Metrc."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import httpx

from faded_skies.adapters.metrc.caller import open_caller
from faded_skies.adapters.metrc.system import Metrc
from faded_skies.adapters.metrc.words import Words
from faded_skies.platform.settings.metrc import MetrcAccount


@asynccontextmanager
async def open_metrc(
    account: MetrcAccount, timezone: ZoneInfo, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Metrc]:
    """Keep connections to Metrc open until the end; `timezone` is the one of the licensed place."""
    async with open_caller(
        base=account.api_base,
        vendor_key=account.vendor_key.get_secret_value(),
        user_key=account.user_key.get_secret_value(),
        license_no=account.license_no,
        transport=transport,
    ) as caller:
        words = Words(
            timezone,
            account.phone,
            account.return_reason,
            account.adjusted_reason,
            account.destroyed_reason,
        )
        yield Metrc(caller, words, license_no=account.license_no)
