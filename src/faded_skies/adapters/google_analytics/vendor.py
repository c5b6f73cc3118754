"""Tells Google Analytics, at most once: it cannot tell repetitions apart, but of purchases.

https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Literal

import httpx
import orjson

from faded_skies.adapters.google_analytics.rules import MOST_BYTES, MOST_EVENTS, event_of, flaw_of
from faded_skies.domains.analytics.ports import Fact, NotNow, Outcome, Taken, Unsure
from faded_skies.platform import vendor_news
from faded_skies.platform.outbound import refuse_inside_transaction
from faded_skies.platform.settings.analytics import GoogleAnalyticsStream

_URL = "https://www.google-analytics.com"
_PATIENCE = 10.0
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
# Nobody is advertised to for what they bought here, whatever else they agreed to.
_CONSENT = {"ad_user_data": "DENIED", "ad_personalization": "DENIED"}


class GoogleAnalytics:
    """One data stream. Events may be 72 hours old; an hour of it is left for queues and clocks."""

    name: Literal["google_analytics"] = "google_analytics"
    most_events = MOST_EVENTS
    one_subject = True
    tells_repetitions = False
    oldest = timedelta(hours=71)

    def __init__(self, http: httpx.AsyncClient, stream: GoogleAnalyticsStream) -> None:
        self._http = http
        self._keys = {"measurement_id": stream.measurement_id, "api_secret": stream.secret.get_secret_value()}

    async def tell(self, facts: Sequence[Fact]) -> Outcome:
        outcome = await self._tell(facts)
        if isinstance(outcome, Taken):
            vendor_news.answered(self.name)
        else:
            vendor_news.failed(self.name, outcome.why)
        return outcome

    async def _tell(self, facts: Sequence[Fact]) -> Outcome:
        refuse_inside_transaction("Google Analytics")
        events = [event_of(fact) for fact in facts]
        flaws = {place: flaw for place, event in enumerate(events) if (flaw := flaw_of(event)) is not None}
        sound = [event for place, event in enumerate(events) if place not in flaws]
        if not sound:
            return Taken(flaws)
        body = orjson.dumps({"client_id": facts[0].subject, "consent": _CONSENT, "events": sound})
        if len(body) > MOST_BYTES:
            return Taken(dict.fromkeys(range(len(facts)), "the batch is too large"))
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await self._http.post(
                    "/mp/collect",
                    params=self._keys,
                    content=body,
                    headers={"Content-Type": "application/json"},
                )
        except _NOT_SENT as error:
            return NotNow(type(error).__name__)
        except (TimeoutError, httpx.HTTPError) as error:
            return Unsure(type(error).__name__)
        if answer.is_success:
            return Taken(flaws)
        # 2xx says that it was received; anything else that it was not.
        return NotNow(f"status {answer.status_code}")


@asynccontextmanager
async def open_google_analytics(
    stream: GoogleAnalyticsStream, *, url: str = _URL, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[GoogleAnalytics]:
    """Keep connections to Google open until the end."""
    async with httpx.AsyncClient(
        base_url=url, follow_redirects=False, timeout=_PATIENCE, transport=transport
    ) as http:
        yield GoogleAnalytics(http, stream)
