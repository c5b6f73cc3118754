"""Passing events on: by consent, once, patiently, and no longer than a vendor cares for."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from factories.catalog import make_product
from factories.identity import SignedInPerson, signed_in
from factories.shop import make_shopper, open_shop, put_in_cart
from faded_skies import registry
from faded_skies.bootstrap import Application
from faded_skies.domains.analytics import service
from faded_skies.domains.analytics.ports import Fact, NotNow, Outcome, Taken, Unsure, VendorName
from faded_skies.domains.analytics.service import Told, Visit
from faded_skies.platform import clock
from faded_skies.platform.db import Database

NAMES: tuple[VendorName, ...] = ("google_analytics", "mixpanel")


@dataclass
class Listener:
    """A vendor that answers as it is told to, and remembers what it heard."""

    name: VendorName = "mixpanel"
    one_subject: bool = False
    tells_repetitions: bool = True
    most_events: int = 25
    oldest: timedelta = timedelta(days=3)
    answers: list[Outcome] = field(default_factory=list)
    heard: list[list[Fact]] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def tell(self, facts: Sequence[Fact]) -> Outcome:
        self.heard.append(list(facts))
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.answers.pop(0) if self.answers else Taken({})


async def agree(client: httpx.AsyncClient, person: SignedInPerson, **choice: bool) -> None:
    answer = await client.put(
        "/api/analytics/consent",
        json={"analytics": True, "thirdParties": True} | choice,
        headers=person.headers,
    )
    assert answer.status_code == 200, answer.text


async def seen(
    db: Database,
    count: int = 1,
    *,
    user_id: UUID | None = None,
    visitor_id: UUID | None = None,
    third_parties: bool | None = True,
    days_ago: float = 0,
    vendors: Sequence[str] = ("mixpanel",),
) -> None:
    visit = Visit(user_id, visitor_id, counted=True, third_parties=third_parties)
    now = clock.now()
    told = [
        Told(uuid4(), "page_view", {"page": f"/{number}"}, now - timedelta(days=days_ago))
        for number in range(count)
    ]
    async with db.transaction() as tx:
        await service.record(tx, visit, told, vendors=vendors, now=now)


async def states(db: Database) -> dict[str, int]:
    rows = await db.fetch("SELECT state, count(*)::int AS n FROM analytics_forwards GROUP BY state")
    return {row["state"]: row["n"] for row in rows}


async def test_nobody_hears_of_anything_without_the_second_consent(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await agree(client, person, thirdParties=False)
    await seen(db, user_id=person.id)
    await seen(db, visitor_id=uuid4(), third_parties=None)
    await agree(client, person)
    await seen(db, user_id=person.id, third_parties=False)
    assert await db.fetchval("SELECT count(*) FROM analytics_events") == 3
    assert await states(db) == {}
    await seen(db, user_id=person.id, third_parties=None)
    await seen(db, visitor_id=uuid4())
    assert await states(db) == {"waiting": 2}
    await agree(client, person, thirdParties=False)
    assert await states(db) == {"waiting": 1}, "what waited is taken back"
    body = {"events": [{"event": "x"}], "consent": {"analytics": True, "thirdParties": True}}
    for headers in ({}, {"Sec-GPC": "1"}):
        assert (await client.post("/api/analytics/events", json=body, headers=headers)).status_code == 202
    assert await states(db) == {"waiting": 1}, "no vendor is set up, so nothing waits for one"


async def test_events_are_told_once_in_batches_by_a_digest(app: Application, db: Database) -> None:
    keys = app.ports.purpose_keys
    one, two = uuid4(), uuid4()
    await seen(db, 30, visitor_id=one, vendors=NAMES)
    await seen(db, 3, visitor_id=two, vendors=NAMES)
    google = Listener("google_analytics", one_subject=True, tells_repetitions=False)
    mixpanel = Listener()
    for vendor in (google, mixpanel):
        while await service.tell_next(db, vendor, keys, now=clock.now()):
            pass
        facts = [fact for batch in vendor.heard for fact in batch]
        assert len(facts) == len({fact.id for fact in facts}) == 33
        assert max(map(len, vendor.heard)) == 25
        assert {fact.subject for fact in facts} == {
            service.subject_for(keys, vendor.name, subject) for subject in (one, two)
        }
        assert not {str(one), str(two), one.hex} & {fact.subject for fact in facts}
    assert all(len({fact.subject for fact in batch}) == 1 for batch in google.heard)
    assert {fact.subject for fact in google.heard[0]}.isdisjoint(
        fact.subject for batch in mixpanel.heard for fact in batch
    )
    assert await states(db) == {}


async def test_a_vendor_that_is_away_gets_it_later_and_a_dead_process_leaves_nothing_behind(
    app: Application, db: Database
) -> None:
    keys, now = app.ports.purpose_keys, clock.now()
    await seen(db, 2, visitor_id=uuid4())
    away = Listener(
        answers=[NotNow("status 503"), NotNow("throttled", timedelta(hours=2)), Unsure("TimeoutError")]
    )
    assert await service.tell_next(db, away, keys, now=now + timedelta(seconds=5)) is False
    assert await service.tell_next(db, away, keys, now=now + timedelta(seconds=30)) is False, "not due"
    assert len(away.heard) == 1
    now += timedelta(minutes=2)
    assert await service.tell_next(db, away, keys, now=now) is False
    assert await service.tell_next(db, away, keys, now=now + timedelta(hours=1)) is False
    assert len(away.heard) == 2
    now += timedelta(hours=3)
    assert await service.tell_next(db, away, keys, now=now) is True
    assert await states(db) == {"waiting": 2}, "it tells repetitions apart"
    now += timedelta(hours=1)
    await db.fetch("UPDATE analytics_forwards SET state = 'sending', claimed_at = $1", now)
    await service.tidy(db, away, now=now + timedelta(minutes=9))
    assert await states(db) == {"sending": 2}
    await service.tidy(db, away, now=now + timedelta(minutes=11))
    assert await states(db) == {"waiting": 2}
    assert await service.tell_next(db, away, keys, now=now + timedelta(minutes=11)) is True
    assert await states(db) == {}
    assert len({fact.id for batch in away.heard for fact in batch}) == 2


async def test_who_counts_repetitions_is_never_told_twice(app: Application, db: Database) -> None:
    keys, now = app.ports.purpose_keys, clock.now() + timedelta(seconds=5)
    google = Listener(
        "google_analytics", one_subject=True, tells_repetitions=False, answers=[Unsure("ReadTimeout")]
    )
    await seen(db, 3, visitor_id=uuid4(), vendors=["google_analytics"])
    assert await service.tell_next(db, google, keys, now=now) is True
    assert await states(db) == {"lost": 3}
    await seen(db, 2, visitor_id=uuid4(), vendors=["google_analytics"])
    await db.fetch(
        "UPDATE analytics_forwards SET state = 'sending', claimed_at = $1 WHERE state = 'waiting'",
        now - timedelta(minutes=11),
    )
    await service.tidy(db, google, now=now)
    assert await states(db) == {"lost": 5}
    assert await service.tell_next(db, google, keys, now=now + timedelta(days=1)) is False


async def test_what_is_refused_stays_with_the_reason_and_what_is_too_old_goes_nowhere(
    app: Application, db: Database
) -> None:
    keys, now = app.ports.purpose_keys, clock.now() + timedelta(seconds=5)
    vendor = Listener(answers=[Taken({1: "its name is reserved"})])
    await seen(db, 3, visitor_id=uuid4())
    assert await service.tell_next(db, vendor, keys, now=now) is True
    assert await states(db) == {"refused": 1}
    [reason] = [row["reason"] for row in await db.fetch("SELECT reason FROM analytics_forwards")]
    assert reason == "its name is reserved"
    await seen(db, 2, visitor_id=uuid4(), days_ago=2)
    await seen(db, 1, visitor_id=uuid4())
    await service.tidy(db, vendor, now=now + timedelta(days=1.5))
    assert await states(db) == {"refused": 1, "expired": 2, "waiting": 1}


async def test_a_restore_passes_nothing_on_that_waited(app: Application, db: Database) -> None:
    """Its people may have taken their consent back since the backup, and vendors may have got it."""
    now = clock.now() + timedelta(seconds=5)
    await seen(db, 5, visitor_id=uuid4(), vendors=NAMES)
    await db.fetch(
        "UPDATE analytics_forwards SET state = 'sending', claimed_at = $1 WHERE vendor = 'mixpanel'", now
    )
    async with db.transaction() as tx:
        await registry.after_restore(tx)
    assert await states(db) == {"lost": 10}
    vendor = Listener()
    now += timedelta(hours=1)
    await service.tidy(db, vendor, now=now)
    assert await service.tell_next(db, vendor, app.ports.purpose_keys, now=now) is False
    assert vendor.heard == []
    await seen(db, 1, visitor_id=uuid4())
    assert await service.tell_next(db, vendor, app.ports.purpose_keys, now=now) is True, "new ones go"


@pytest.mark.parametrize("choice", [{"thirdParties": False}, {"analytics": False, "thirdParties": False}])
@pytest.mark.parametrize(
    ("name", "tells_repetitions", "outcome"),
    [
        ("mixpanel", True, NotNow("status 503")),
        ("mixpanel", True, Unsure("ReadTimeout")),
        ("mixpanel", True, Taken({0: "reserved", 1: "reserved", 2: "reserved"})),
        ("google_analytics", False, Unsure("ReadTimeout")),
        ("google_analytics", False, NotNow("status 503")),
    ],
)
async def test_what_is_withdrawn_while_it_is_told_is_not_told_again(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    name: VendorName,
    tells_repetitions: bool,
    outcome: Outcome,
    choice: dict[str, bool],
) -> None:
    person, keys, now = await signed_in(app), app.ports.purpose_keys, clock.now()
    await agree(client, person)
    await seen(db, 2, user_id=person.id, vendors=[name])
    await seen(db, 1, visitor_id=uuid4(), vendors=[name])

    async def withdraw() -> None:
        assert await states(db) == {"sending": 3}
        await agree(client, person, **choice)

    vendor = Listener(name, tells_repetitions=tells_repetitions, answers=[outcome], meanwhile=withdraw)
    await service.tell_next(db, vendor, keys, now=now + timedelta(seconds=5))
    vendor.meanwhile = None
    rows = await db.fetch("SELECT subject FROM analytics_forwards")
    assert len(rows) == 1, "the visitor's stays as it was"
    assert rows[0]["subject"] != person.id
    later = now + timedelta(hours=2)
    await service.tidy(db, vendor, now=later)
    while await service.tell_next(db, vendor, keys, now=later):
        pass
    mine = service.subject_for(keys, name, person.id)
    assert not any(fact.subject == mine for batch in vendor.heard[1:] for fact in batch)


@pytest.mark.parametrize(
    ("consent", "headers"),
    [
        ({"analytics": False}, {}),
        ({"analytics": True}, {}),
        ({"analytics": True, "thirdParties": True}, {"Sec-GPC": "1"}),
    ],
)
async def test_a_visitors_no_takes_back_what_waits(
    client: httpx.AsyncClient, db: Database, consent: dict[str, bool], headers: dict[str, str]
) -> None:
    visitor, other = uuid4(), uuid4()
    for one in (visitor, other):
        await seen(db, 2, visitor_id=one)
    told = {"events": [{"event": "page_view"}], "visitorId": str(visitor)}
    for more in ({}, {"consent": {"analytics": True, "thirdParties": True}}):
        assert (await client.post("/api/analytics/events", json=told | more)).status_code == 202
    left = "SELECT count(*) FROM analytics_forwards WHERE subject = $1"
    assert await db.fetchval(left, visitor) > 0
    answer = await client.post("/api/analytics/events", json=told | {"consent": consent}, headers=headers)
    assert answer.status_code == 202, answer.text
    assert await db.fetchval(left, visitor) == 0
    assert await db.fetchval(left, other) > 0


async def test_a_visitor_who_names_a_person_takes_nothing_of_theirs_back(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await agree(client, person)
    await seen(db, 2, user_id=person.id)
    before = await states(db)
    told = {"events": [{"event": "page_view"}], "visitorId": str(person.id), "consent": {"analytics": False}}
    assert (await client.post("/api/analytics/events", json=told)).status_code == 202
    assert await states(db) == before


async def test_what_a_dead_process_was_telling_is_taken_back_too(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person, now = await signed_in(app), clock.now()
    await agree(client, person)
    await seen(db, 2, user_id=person.id)
    await seen(db, 1, visitor_id=uuid4())
    await db.fetch("UPDATE analytics_forwards SET state = 'sending', claimed_at = $1", now)
    await agree(client, person, thirdParties=False)
    vendor = Listener()
    await service.tidy(db, vendor, now=now + timedelta(minutes=11))
    assert await states(db) == {"waiting": 1}


async def test_of_a_purchase_others_hear_the_sums_only(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await open_shop(app)
    product = await make_product(db, "Haze", price_cents=2000, stock=50)
    shopper = await make_shopper(app, client)
    yes = {"analytics": True, "thirdParties": True}
    assert (await client.put("/api/analytics/consent", json=yes, headers=shopper.headers)).status_code == 200
    await put_in_cart(client, shopper, product, 2)
    placed = await client.post("/api/orders", json=shopper.order("cash"), headers=shopper.headers)
    order = placed.json()["order"]
    for _ in range(2):
        async with db.transaction() as tx:
            await service.record_purchase(tx, UUID(order["id"]), vendors=["mixpanel"], at=clock.now())
    vendor = Listener()
    while await service.tell_next(db, vendor, app.ports.purpose_keys, now=clock.now()):
        pass
    [[told]] = vendor.heard
    assert told.name == "purchase"
    assert told.properties == {
        "value": order["totalAmount"],
        "currency": "USD",
        "tax": order["taxAmount"],
        "shipping": order["deliveryFee"],
        "itemCount": 2,
        "paymentMethod": "cash",
    }
