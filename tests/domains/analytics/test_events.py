"""Events by the door: stored by consent only, once, bounded, and forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from factories.catalog import make_product
from factories.identity import SignedInPerson, signed_in
from factories.privacy import close
from factories.shop import Shopper, make_shopper, open_shop, put_in_cart
from faded_skies.bootstrap import Application
from faded_skies.domains.analytics import service
from faded_skies.platform import clock
from faded_skies.platform.db import Database, Row

Drain = Callable[[], Awaitable[None]]
JSON = dict[str, Any]

URL = "/api/analytics/events"
YES = {"analytics": True}

NO_EVENTS: list[tuple[JSON, str]] = [
    ({"event": "purchase"}, "events.0.event"),
    ({"event": "refund"}, "events.0.event"),
    ({"event": "session_start"}, "events.0.event"),
    ({"event": "ga_x"}, "events.0.event"),
    ({"event": "1st"}, "events.0.event"),
    ({"event": "a" * 41}, "events.0.event"),
    ({"event": ""}, "events.0.event"),
    ({"event": "x", "properties": {"email": "x"}}, "events.0.properties"),
    ({"event": "x", "properties": {"a-b": 1}}, "events.0.properties"),
    ({"event": "x", "properties": {"a": {"b": 1}}}, "events.0.properties"),
    ({"event": "x", "properties": {"a": None}}, "events.0.properties"),
    ({"event": "x", "properties": {"a": [1]}}, "events.0.properties"),
    ({"event": "x", "properties": {"a": "y" * 501}}, "events.0.properties"),
    ({"event": "x", "properties": {"a": 10**16}}, "events.0.properties"),
    ({"event": "x", "properties": {f"p{n}": n for n in range(21)}}, "events.0.properties"),
    ({"event": "x", "properties": []}, "events.0.properties"),
    ({"event": "x", "userId": str(uuid4())}, "events.0.userId"),
    ({"event": "x", "occurredAt": "yesterday"}, "events.0.occurredAt"),
    ({"event": "x", "id": "7"}, "events.0.id"),
]


def view(page: str = "/products", **fields: Any) -> JSON:
    return {"event": "page_view", "properties": {"page": page}} | fields


async def tell(
    client: httpx.AsyncClient, *events: JSON, headers: dict[str, str] | None = None, **fields: Any
) -> JSON:
    answer = await client.post(URL, json={"events": list(events), **fields}, headers=headers)
    assert answer.status_code == 202, answer.text
    told: JSON = answer.json()
    return told


async def agree(client: httpx.AsyncClient, person: SignedInPerson | Shopper, **choice: bool) -> JSON:
    answer = await client.put("/api/analytics/consent", json=YES | choice, headers=person.headers)
    assert answer.status_code == 200, answer.text
    consent: JSON = answer.json()["consent"]
    return consent


async def stored(db: Database) -> list[Row]:
    return await db.fetch("SELECT * FROM analytics_events ORDER BY occurred_at, id")


async def test_of_a_visitor_the_batch_says_whether_anything_is_stored(
    client: httpx.AsyncClient, db: Database
) -> None:
    visitor = str(uuid4())
    nothing = {"accepted": 0, "ignored": 2, "reason": "no_consent"}
    assert await tell(client, view(), view(), visitorId=visitor) == nothing
    assert await tell(client, view(), view(), visitorId=visitor, consent={"analytics": False}) == nothing
    assert await stored(db) == []
    told = await tell(client, view("/a?mail=x@y.example"), view("/b"), visitorId=visitor, consent=YES)
    assert told == {"accepted": 2, "ignored": 0, "reason": None}
    rows = await stored(db)
    assert [(row["user_id"], row["visitor_id"], row["event"]) for row in rows] == [
        (None, UUID(visitor), "page_view")
    ] * 2
    assert sorted(row["properties"]["page"] for row in rows) == ["/a", "/b"]
    assert (await tell(client, view(), consent=YES))["accepted"] == 1, "of nobody"


async def test_of_a_person_the_account_says_it_and_the_batch_can_only_narrow(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    told = await client.get("/api/analytics/consent", headers=person.headers)
    assert told.json()["consent"] == {
        "analytics": False,
        "thirdParties": False,
        "since": None,
        "wording": service.WORDING,
    }
    visitor = str(uuid4())
    for consent in ({"consent": YES}, {}):
        assert (await tell(client, view(), headers=person.headers, visitorId=visitor, **consent))[
            "accepted"
        ] == 0
    agreed = await agree(client, person)
    assert (agreed["analytics"], agreed["thirdParties"], agreed["since"] is None) == (True, False, False)
    assert (await agree(client, person))["since"] == agreed["since"], "the same again"
    no = {"analytics": False}
    assert (await tell(client, view(), headers=person.headers, consent=no))["reason"] == "no_consent"
    assert (await tell(client, view(), headers=person.headers, visitorId=visitor))["accepted"] == 1
    [row] = await stored(db)
    assert (row["user_id"], row["visitor_id"]) == (person.id, None), "the account and the device stay apart"
    assert (await agree(client, person, analytics=False))["analytics"] is False
    assert (await tell(client, view(), headers=person.headers))["accepted"] == 0
    actions = await db.fetch(
        "SELECT action FROM audit_log WHERE action LIKE 'analytics.%' AND object_id = $1 ORDER BY seq",
        person.id,
    )
    assert [row["action"] for row in actions] == ["analytics.consented", "analytics.withdrawn"]
    refused = await client.put(
        "/api/analytics/consent", json=no | {"thirdParties": True}, headers=person.headers
    )
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (422, "thirdParties")


async def test_a_batch_that_comes_again_is_stored_once_and_nobody_takes_anothers_place(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person, other = await signed_in(app), await signed_in(app)
    for one in (person, other):
        await agree(client, one)
    events = [view(id=str(uuid4())) for _ in range(5)]
    visitor: JSON = {"visitorId": str(uuid4()), "consent": YES}
    await asyncio.gather(
        *(tell(client, *events, headers=person.headers) for _ in range(3)),
        *(tell(client, *reversed(events), headers=person.headers) for _ in range(3)),
        *(tell(client, *events, **visitor) for _ in range(2)),
    )
    await tell(client, *events, headers=other.headers)
    assert await tell(client, *events, **visitor) == {"accepted": 5, "ignored": 0, "reason": None}
    assert await db.fetchval("SELECT count(*) FROM analytics_events") == 15
    await tell(client, view(), view(), headers=person.headers)
    assert await db.fetchval("SELECT count(*) FROM analytics_events") == 17, "without an id each is another"
    for _ in range(3):
        await tell(client, *events, consent=YES)
    assert await db.fetchval("SELECT count(*) FROM analytics_events") == 22, "nobody's are told once too"


async def test_a_clients_time_counts_within_three_days(client: httpx.AsyncClient, db: Database) -> None:
    now = clock.now()
    times = [now - timedelta(days=4), now - timedelta(hours=5), now + timedelta(days=400)]
    events = [view(occurredAt=time.isoformat()) for time in times]
    assert await tell(client, *events, consent=YES) == {"accepted": 2, "ignored": 1, "reason": "too_old"}
    early, late = await stored(db)
    assert early["occurred_at"] == times[1]
    assert now <= late["occurred_at"] <= clock.now()


async def test_what_is_no_event_is_refused_with_its_place(client: httpx.AsyncClient, db: Database) -> None:
    for event, field in NO_EVENTS:
        answer = await client.post(URL, json={"events": [event], "consent": YES})
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), answer.text
        assert answer.json()["details"][0]["field"].startswith(field), answer.text
    assert await stored(db) == []


async def test_batches_are_bounded_and_bad_tokens_are_no_visitors(client: httpx.AsyncClient) -> None:
    for events in ([], [view()] * 51):
        assert (await client.post(URL, json={"events": events, "consent": YES})).status_code == 422
    body = {"events": [view()], "consent": YES}
    for token, code in (("Bearer nonsense", "INVALID_TOKEN"), ("Bearer ", "TOKEN_REQUIRED")):
        answer = await client.post(URL, json=body, headers={"Authorization": token})
        assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_the_properties_of_an_event_are_small_together(client: httpx.AsyncClient, db: Database) -> None:
    around = len('{"a":"","b":"","c":"","d":"","e":""}')
    texts = dict.fromkeys("abcd", "é" * 250) | {"e": "y" * (2048 - around - 2000)}
    assert (await tell(client, view(properties=texts), consent=YES))["accepted"] == 1
    assert [row["properties"] for row in await stored(db)] == [texts]
    for more in ({"e": texts["e"] + "y"}, {"e": "\x01" * 20}, {"f": 1}):
        answer = await client.post(URL, json={"events": [view(properties=texts | more)], "consent": YES})
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), answer.text
        assert "2,048 bytes" in answer.text
    assert len(await stored(db)) == 1


async def test_a_purchase_is_the_servers_word_once_and_by_consent(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    await open_shop(app)
    product = await make_product(db, "Haze", price_cents=2000, stock=50)
    shopper, silent = await make_shopper(app, client), await make_shopper(app, client)
    await agree(client, shopper)
    orders = []
    for one, tender in ((shopper, "cash"), (shopper, "card"), (silent, "cash")):
        await put_in_cart(client, one, product, 2)
        answer = await client.post("/api/orders", json=one.order(tender), headers=one.headers)
        assert answer.status_code == 201, answer.text
        orders.append(answer.json()["order"])
    await drain()
    async with db.transaction() as tx:  # the job may run twice
        await service.record_purchase(tx, UUID(orders[0]["id"]), vendors=(), at=clock.now())
        await service.record_purchase(tx, uuid4(), vendors=(), at=clock.now())
    rows = await stored(db)
    assert [(row["event"], row["user_id"]) for row in rows] == [("purchase", shopper.id)] * 2
    for row, order in zip(rows, orders, strict=False):
        assert row["properties"] == {
            "orderId": order["id"],
            "orderNumber": order["orderNumber"],
            "amount": order["totalAmount"],
            "tax": order["taxAmount"],
            "shipping": order["deliveryFee"],
            "currency": "USD",
            "itemCount": 2,
            "paymentMethod": order["paymentMethod"]["type"],
            "deliveryArea": "Austin",
        }


async def test_events_are_exported_and_go_with_the_account(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app)
    await agree(client, person, thirdParties=True)
    await tell(client, view("/mine"), headers=person.headers)
    await tell(client, view("/a-visitors"), consent=YES)
    told = (await client.get("/api/users/me/export", headers=person.headers)).json()
    [event], [consent] = told["analyticsEvents"], told["analyticsConsents"]
    assert (event["event"], event["properties"]) == ("page_view", {"page": "/mine"})
    assert (consent["thirdParties"], consent["wording"]) == (True, service.WORDING)
    assert (await close(client, person.headers)).status_code == 204
    await drain()
    assert [row["properties"]["page"] for row in await stored(db)] == ["/a-visitors"]
    assert await db.fetchval("SELECT count(*) FROM analytics_consents") == 0


async def test_old_events_are_forgotten(client: httpx.AsyncClient, db: Database) -> None:
    await tell(client, view("/old"), view("/new"), consent=YES)
    await db.fetch(
        "UPDATE analytics_events SET occurred_at = now() - interval '400 days' WHERE properties ->> 'page' = '/old'"
    )
    await service.prune(db, now=clock.now(), keep=timedelta(days=395))
    assert [row["properties"]["page"] for row in await stored(db)] == ["/new"]
