"""What every Vendor must do, by doubles that behave as documented; what they get, and what happens when they fail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from factories.news import failure_of
from faded_skies.adapters.google_analytics import rules as google_rules
from faded_skies.adapters.google_analytics import vendor as google
from faded_skies.adapters.google_analytics.vendor import open_google_analytics
from faded_skies.adapters.mixpanel import vendor as mixpanel
from faded_skies.adapters.mixpanel.vendor import open_mixpanel
from faded_skies.domains.analytics.ports import Fact, NotNow, Taken, Unsure, Vendor
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.outbound import NetworkInsideTransactionError
from faded_skies.platform.settings.analytics import GoogleAnalyticsStream, MixpanelProject
from peers.google_analytics import MEASUREMENT_ID, SECRET, GoogleAnalyticsPeer, validated
from peers.mixpanel import TOKEN, MixpanelPeer
from servers import serving

SUBJECT = "5f0c2b7e8f4e4a539d550a4d3f1f2c11"
STREAM = GoogleAnalyticsStream(MEASUREMENT_ID, SecretStr(SECRET))
PROJECT = MixpanelProject(SecretStr(TOKEN), "us")
NOW = datetime.now(UTC)


def fact(name: str = "page_view", **properties: Any) -> Fact:
    return Fact(new_id(), SUBJECT, name, properties or {"page": "/products"}, datetime.now(UTC))


@dataclass
class Counting:
    """One adapter and the server behind it."""

    port: Vendor
    peer: GoogleAnalyticsPeer | MixpanelPeer

    @property
    def counted(self) -> int:
        """How many events the vendor counts."""
        return len(self.peer.events if isinstance(self.peer, GoogleAnalyticsPeer) else self.peer.counted)


@asynccontextmanager
async def by_google(stream: GoogleAnalyticsStream = STREAM) -> AsyncIterator[Counting]:
    peer = GoogleAnalyticsPeer()
    async with serving(peer.asgi) as address, open_google_analytics(stream, url=address) as port:
        yield Counting(port, peer)


@asynccontextmanager
async def by_mixpanel(project: MixpanelProject = PROJECT) -> AsyncIterator[Counting]:
    peer = MixpanelPeer()
    async with serving(peer.asgi) as address, open_mixpanel(project, url=address) as port:
        yield Counting(port, peer)


@pytest.fixture(params=[by_google, by_mixpanel])
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Counting]:
    async with request.param() as opened:
        yield opened


async def test_a_full_batch_is_taken(vendor: Counting) -> None:
    facts = [fact(position=number, price=24.5, member=True) for number in range(vendor.port.most_events)]
    assert await vendor.port.tell(facts) == Taken({})
    assert vendor.counted == len(facts)
    assert vendor.port.oldest > timedelta(days=2)


async def test_a_vendor_that_fails_takes_none_and_may_later(vendor: Counting) -> None:
    for status in (500, 503, 429):
        vendor.peer.faults.append(status)
        assert isinstance(await vendor.port.tell([fact()]), NotNow)
    assert vendor.counted == 0
    assert await vendor.port.tell([fact()]) == Taken({})
    assert failure_of(vendor.port.name) is None


async def test_what_may_have_arrived_is_not_known(vendor: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (google, mixpanel):
        monkeypatch.setattr(module, "_PATIENCE", 0.3)
    vendor.peer.faults.append("hang")
    told = fact()
    assert await vendor.port.tell([told]) == Unsure("TimeoutError")
    assert vendor.counted == 1
    await vendor.port.tell([told])
    assert vendor.counted == (1 if vendor.port.tells_repetitions else 2)


async def test_who_cannot_be_reached_has_nothing(vendor: Counting) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    transport = httpx.MockTransport(refuse)
    async with (
        open_google_analytics(STREAM, transport=transport) as ga,
        open_mixpanel(PROJECT, transport=transport) as mp,
    ):
        port = ga if vendor.port.name == "google_analytics" else mp
        assert await port.tell([fact()]) == NotNow("ConnectError")
        assert failure_of(port.name) == "ConnectError"


async def test_nothing_is_told_inside_a_transaction(vendor: Counting, db: Database) -> None:
    async with db.transaction():
        with pytest.raises(NetworkInsideTransactionError):
            await vendor.port.tell([fact()])


async def test_google_hears_of_no_subject_but_the_digest_and_of_no_advertising() -> None:
    async with by_google() as vendor:
        assert isinstance(vendor.peer, GoogleAnalyticsPeer)
        bought = fact("purchase", value=93.1, currency="USD")
        await vendor.port.tell([bought])
        [body] = vendor.peer.bodies
    assert validated(body) == []
    [event] = body.pop("events")
    assert body == {
        "client_id": SUBJECT,
        "consent": {"ad_user_data": "DENIED", "ad_personalization": "DENIED"},
    }
    assert event["timestamp_micros"] == int(bought.occurred_at.timestamp() * 1_000_000)
    assert event["params"] == {
        "value": 93.1,
        "currency": "USD",
        "transaction_id": str(bought.id),
        "engagement_time_msec": 1,
    }


async def test_what_google_would_drop_in_silence_is_refused_before() -> None:
    flawed = [
        fact("session_start"),
        fact("ga_x"),
        fact("a-b"),
        fact("a" * 41),
        Fact(new_id(), SUBJECT, "x", {f"p{number}": 1 for number in range(25)}, NOW),
        Fact(new_id(), SUBJECT, "x", {"a-b": 1}, NOW),
        Fact(new_id(), SUBJECT, "x", {"ga_x": 1}, NOW),
        fact(firebase_conversion=1),
    ]
    async with by_google() as vendor:
        assert isinstance(vendor.peer, GoogleAnalyticsPeer)
        sound = [fact(text="x" * 500), fact()]
        outcome = await vendor.port.tell([*flawed, *sound])
        assert isinstance(outcome, Taken)
        assert sorted(outcome.refused) == list(range(len(flawed)))
        assert vendor.counted == len(sound)
        assert len(vendor.peer.events[0]["params"]["text"]) == 100
        assert await vendor.port.tell(flawed) == outcome
        assert len(vendor.peer.bodies) == 1, "nothing is sent where nothing is sound"
    assert google_rules.MOST_EVENTS == 25


async def test_mixpanel_says_which_it_refuses_and_takes_the_others() -> None:
    async with by_mixpanel() as vendor:
        assert isinstance(vendor.peer, MixpanelPeer)
        vendor.peer.refuses = "odd"
        assert await vendor.port.tell([fact(), fact("odd"), fact()]) == Taken({1: "refused"})
        assert vendor.counted == 2
        [seen, _] = vendor.peer.counted.values()
        assert seen["properties"]["distinct_id"] == SUBJECT
        assert "ip" not in seen["properties"]
        for nonsense in (
            "",
            "[]",
            "{}",
            '{"failed_records": []}',
            '{"failed_records": [{"index": 9, "message": ""}]}',
        ):
            vendor.peer.faults.append(nonsense)
            outcome = await vendor.port.tell([fact(), fact()])
            assert isinstance(outcome, Taken)
            assert sorted(outcome.refused) == [0, 1], nonsense
        vendor.peer.faults += [429, 413]
        assert await vendor.port.tell([fact()]) == NotNow("it is throttled", timedelta(seconds=7))
        assert await vendor.port.tell([fact()]) == Taken({0: "the batch is too large"})
    async with by_mixpanel(MixpanelProject(SecretStr("another"), "us")) as vendor:
        outcome = await vendor.port.tell([fact()])
        assert isinstance(outcome, NotNow)
        assert outcome.after == timedelta(hours=1)
