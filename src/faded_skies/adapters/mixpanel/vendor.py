"""Tells Mixpanel, which counts events of the same `$insert_id` once, so that a batch may be sent again.

https://docs.mixpanel.com/reference/import-events: at most 2,000 events and 2 MB, 400 with `failed_records` where some
are refused (the others are taken), 429 and 5xx to be tried again.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal

import httpx
import orjson

from faded_skies.domains.analytics.ports import Fact, NotNow, Outcome, Taken, Unsure
from faded_skies.platform import vendor_news
from faded_skies.platform.outbound import refuse_inside_transaction
from faded_skies.platform.settings.analytics import MixpanelProject

_URLS = {
    "us": "https://api.mixpanel.com",
    "eu": "https://api-eu.mixpanel.com",
    "in": "https://api-in.mixpanel.com",
}
_PATIENCE = 20.0
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_AFTER_REFUSAL = timedelta(hours=1)
_WITHOUT_ADVICE = timedelta(minutes=1)


class Mixpanel:
    """One project. A hundred events of at most 20 texts of 500 characters stay far below 2 MB."""

    name: Literal["mixpanel"] = "mixpanel"
    most_events = 100
    one_subject = False
    tells_repetitions = True
    oldest = timedelta(days=5)

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def tell(self, facts: Sequence[Fact]) -> Outcome:
        outcome = await self._tell(facts)
        if isinstance(outcome, Taken):
            vendor_news.answered(self.name)
        else:
            vendor_news.failed(self.name, outcome.why)
        return outcome

    async def _tell(self, facts: Sequence[Fact]) -> Outcome:
        refuse_inside_transaction("Mixpanel")
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await self._http.post(
                    "/import",
                    params={"strict": "1"},
                    content=orjson.dumps([_event(fact) for fact in facts]),
                    headers={"Content-Type": "application/json"},
                )
        except _NOT_SENT as error:
            return NotNow(type(error).__name__)
        except (TimeoutError, httpx.HTTPError) as error:
            return Unsure(type(error).__name__)
        return _outcome(answer, len(facts))


def _event(fact: Fact) -> dict[str, Any]:
    return {
        "event": fact.name,
        "properties": {
            **fact.properties,
            "time": int(fact.occurred_at.timestamp() * 1000),
            "distinct_id": fact.subject,
            "$insert_id": str(fact.id),
        },
    }


def _outcome(answer: httpx.Response, count: int) -> Outcome:
    match answer.status_code:
        case status if answer.is_success:
            return Taken({})
        case httpx.codes.BAD_REQUEST:
            return _refused(answer.content, count)
        case httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            return Taken(dict.fromkeys(range(count), "the batch is too large"))
        case httpx.codes.TOO_MANY_REQUESTS:
            return NotNow("it is throttled", _advice(answer.headers.get("retry-after", "")))
        case httpx.codes.UNAUTHORIZED | httpx.codes.FORBIDDEN as status:
            return NotNow(f"status {status}: look at MIXPANEL_TOKEN and its region", _AFTER_REFUSAL)
        case status:
            return NotNow(f"status {status}")


def _refused(body: bytes, count: int) -> Outcome:
    try:
        told = orjson.loads(body)
        failed = {int(one["index"]): str(one["message"]) for one in told["failed_records"]}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        failed = {}
    if not failed or not failed.keys() <= set(range(count)):
        return Taken(dict.fromkeys(range(count), "it was refused without saying which of them is wrong"))
    return Taken(failed)


def _advice(text: str) -> timedelta:
    return timedelta(seconds=min(int(text), 3600)) if text.strip().isdigit() else _WITHOUT_ADVICE


@asynccontextmanager
async def open_mixpanel(
    project: MixpanelProject, *, url: str | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Mixpanel]:
    """Keep connections to Mixpanel open until the end. The project's token is the user of the basic authentication."""
    async with httpx.AsyncClient(
        base_url=url or _URLS[project.region],
        auth=(project.token.get_secret_value(), ""),
        follow_redirects=False,
        timeout=_PATIENCE,
        transport=transport,
    ) as http:
        yield Mixpanel(http)
