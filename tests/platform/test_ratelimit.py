"""Limits: what counts, for whom, what answers tell of it, and that processes count together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest

from factories.catalog import make_product
from factories.identity import make_person, sign_in, signed_in
from factories.shop import make_shopper, open_shop
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery.service import positions
from faded_skies.platform import ratelimit, valkey
from faded_skies.platform.actor import Role
from faded_skies.platform.errors import Limited
from faded_skies.platform.ratelimit import Gate, Meter, Ticket
from faded_skies.platform.settings import Settings

MOST, WINDOW = 4, 900
EVENTS = {"rate_limit_analytics_max": 5, "rate_limit_analytics_visitors_max": 2}


class Clock:
    """The time that limits see; it starts at the beginning of a window."""

    def __init__(self) -> None:
        self.now = 1_900_000_000 // WINDOW * WINDOW + 1.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(ratelimit, "time", SimpleNamespace(time=clock.time))
    return clock


@pytest.fixture
def settings(settings: Settings, clock: Clock) -> Settings:
    return settings.model_copy(update={"rate_limit_max": MOST, "rate_limit_order_max": 2, **EVENTS})


@asynccontextmanager
async def client_from(app: Application, address: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app.asgi, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


async def test_answers_tell_what_is_left_and_the_last_is_refused(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/api/categories") for _ in range(MOST + 1)]
    assert [answer.status_code for answer in answers] == [200] * MOST + [429]
    assert [answer.headers["ratelimit-limit"] for answer in answers] == ["4"] * 5
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["3", "2", "1", "0", "0"]
    assert {answer.headers["ratelimit-reset"] for answer in answers} == {"899"}
    assert answers[-1].json() == {
        "error": "That is more than 4 requests in one window. Wait 899 seconds.",
        "code": "RATE_LIMITED",
        "retryAfter": 899,
    }
    assert answers[-1].headers["retry-after"] == "899"
    assert all("retry-after" not in answer.headers for answer in answers[:-1])


async def test_a_new_window_begins_anew(client: httpx.AsyncClient, clock: Clock) -> None:
    for _ in range(MOST + 1):
        answer = await client.get("/api/categories")
    assert answer.status_code == 429
    clock.now += WINDOW - 2
    assert (await client.get("/api/categories")).headers["retry-after"] == "1"
    clock.now += 1
    answer = await client.get("/api/categories")
    assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (200, "3")


async def test_refusals_and_unknown_addresses_count_too(client: httpx.AsyncClient) -> None:
    for path in ("/api/cart", "/api/nothing", "/api/products/x", "/api/cart"):
        assert (await client.get(path)).status_code in {401, 404, 422}
    assert (await client.get("/api/categories")).status_code == 429


async def test_people_are_counted_apart_wherever_they_are(
    app: Application, client: httpx.AsyncClient
) -> None:
    async with client_from(app, "203.0.113.1") as one, client_from(app, "203.0.113.2") as two:
        await make_person(app, email="maya@example.com")
        maya, noor = await sign_in(one, "maya@example.com"), await signed_in(app)
        for http in (one, two, one, two):
            assert (await http.get("/api/users/profile", headers=maya.headers)).status_code == 200
        assert (await one.get("/api/users/profile", headers=maya.headers)).status_code == 429
        assert (await one.get("/api/users/profile", headers=noor.headers)).status_code == 200
        # Without a good token it is the address that counts; the one sign-in came from there.
        forged = {"Authorization": f"{maya.headers['Authorization']}x"}
        left = (await one.get("/api/users/profile", headers=forged)).headers["ratelimit-remaining"]
        assert left == "2"


async def test_health_webhooks_and_the_document_have_no_limit(client: httpx.AsyncClient) -> None:
    for _ in range(MOST + 2):
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.post("/webhooks/sandbox", content=b"{}")).status_code == 400
        answer = await client.get("/openapi.json")
        assert answer.status_code == 200
        assert "ratelimit-limit" not in answer.headers


async def test_positions_do_not_count_to_the_general_limit(
    app: Application, client: httpx.AsyncClient
) -> None:
    driver = await signed_in(app, Role.DRIVER)
    position = {"lat": 30.28, "lng": -97.75}
    for _ in range(MOST + 2):
        answer = await client.post("/api/driver/location", json=position, headers=driver.headers)
        assert answer.status_code == 200
        assert "ratelimit-limit" not in answer.headers
    answer = await client.get("/api/driver/orders", headers=driver.headers)
    assert answer.headers["ratelimit-remaining"] == "3"


async def test_events_are_counted_and_a_batch_is_taken_whole_or_not_at_all(
    app: Application, client: httpx.AsyncClient, clock: Clock
) -> None:
    person = await signed_in(app)

    async def tell(count: int, headers: dict[str, str] | None = None) -> int:
        events = [{"event": "page_view"}] * count
        body = {"events": events, "consent": {"analytics": True}}
        return (await client.post("/api/analytics/events", json=body, headers=headers)).status_code

    assert [await tell(count) for count in (3, 1, 1, 1)] == [429, 202, 202, 429]
    assert await app.ports.db.fetchval("SELECT count(*) FROM analytics_events") == 2
    told = [await tell(count, dict(person.headers)) for count in (4, 2, 1, 1)]
    assert told == [202, 429, 202, 429], "a person may tell more than a network of visitors"
    clock.now += 60
    assert await tell(2) == 202


async def test_calls_whose_body_is_no_body_count_too_and_apart(client: httpx.AsyncClient) -> None:
    most = EVENTS["rate_limit_analytics_max"]
    answers = [await client.post("/api/analytics/events", content=b"{") for _ in range(most + 1)]
    assert [answer.status_code for answer in answers] == [422] * most + [429]
    assert answers[-1].json()["code"] == "RATE_LIMITED"
    assert "retry-after" in answers[-1].headers
    assert not any("ratelimit-limit" in answer.headers for answer in answers)
    assert (await client.get("/api/categories")).headers["ratelimit-remaining"] == "3"


async def test_calls_that_tell_positions_without_a_token_count_too(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "MOST_CALLS", 2)
    async with bootstrap.application(settings) as app, client_from(app, "203.0.113.1") as http:
        answers = [await http.post("/api/driver/location", content=b"{") for _ in range(3)]
        assert answers[0].status_code == answers[1].status_code != 429
        assert answers[2].status_code == 429
        assert (await http.get("/api/categories")).headers["ratelimit-remaining"] == "3"


async def test_orders_have_a_limit_of_their_own(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    await make_product(app.ports.db)
    shopper = await make_shopper(app, client)
    order = shopper.order()
    codes = [
        (await client.post("/api/orders", json=order, headers=shopper.headers)).json()["code"]
        for _ in range(3)
    ]
    assert codes == ["EMPTY_CART", "EMPTY_CART", "RATE_LIMITED"]
    assert await app.ports.db.fetchval("SELECT count(*) FROM orders") == 0


async def test_two_processes_count_together(app: Application, clock: Clock) -> None:
    one, two = [Meter(app.ports.valkey, "api", limit=5, window=60) for _ in range(2)]
    assert [one.hit("maya").remaining for _ in range(2)] == [4, 3]
    await one.close()
    assert [two.hit("maya").remaining for _ in range(2)] == [4, 3]
    await two.close()
    assert two.hit("maya").remaining == 0  # what the other counted is known by now
    await two.close()
    assert one.hit("maya").remaining == 2  # not asked again yet: a burst may pass by this much
    await one.close()
    assert one.hit("maya").exceeded
    assert not one.hit("noor").exceeded
    await one.close()
    assert await app.ports.valkey.ttl(f"rate_limit:maya:api:{int(clock.now // 60)}") in range(1, 61)


async def test_a_meter_goes_on_without_valkey(clock: Clock) -> None:
    lost = valkey.connect("redis://127.0.0.1:1/0")
    meter = Meter(lost, "api", limit=2, window=60)
    assert [meter.hit("maya").exceeded for _ in range(3)] == [False, False, True]
    await meter.close()
    assert meter.hit("maya").exceeded
    await meter.close()
    await lost.aclose()


async def test_a_gate_lets_no_more_in_than_it_may_however_they_come(app: Application, clock: Clock) -> None:
    gate = Gate(app.ports.valkey, "door", limit=5, window=60, refusal="Wait a moment.")
    answers = await asyncio.gather(*(gate.enter("maya") for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(answer, Ticket) for answer in answers) == 5
    assert sum(isinstance(answer, Limited) for answer in answers) == 15
    await gate.enter("noor")
    clock.now += 60
    await gate.enter("maya")


async def test_who_is_refused_by_one_count_is_counted_nowhere(app: Application, clock: Clock) -> None:
    gate = Gate(app.ports.valkey, "door", limit=2, window=60, refusal="Wait a moment.")
    for _ in range(2):
        await gate.enter("maya")
    for _ in range(3):
        with pytest.raises(Limited):
            await gate.enter("noor", "maya")
    await gate.enter("noor")
    await gate.enter("noor")
    with pytest.raises(Limited):
        await gate.enter("noor")


async def test_what_weighs_more_than_is_left_is_refused_and_counted_nowhere(
    app: Application, clock: Clock
) -> None:
    gate = Gate(app.ports.valkey, "door", limit=5, window=60, refusal="Wait a moment.")
    answers = await asyncio.gather(*(gate.enter("maya", count=2) for _ in range(9)), return_exceptions=True)
    assert sum(isinstance(answer, Ticket) for answer in answers) == 2
    with pytest.raises(Limited):
        await gate.enter("noor", "maya", count=2)
    await gate.enter("noor", "maya")
    await gate.enter("noor", count=4)
    for one in ("noor", "maya"):
        with pytest.raises(Limited):
            await gate.enter(one)


async def test_an_attempt_is_taken_back_where_it_was_counted(app: Application, clock: Clock) -> None:
    gate = Gate(app.ports.valkey, "door", limit=1, window=60, refusal="Wait a moment.")
    ticket = await gate.enter("maya")
    clock.now += 60
    await gate.forgive(ticket)  # of the window before: it makes no room in this one
    await gate.enter("maya")
    with pytest.raises(Limited):
        await gate.enter("maya")
    clock.now += 60
    ticket = await gate.enter("maya")
    await gate.forgive(ticket)
    await gate.forgive(ticket)
    await gate.enter("maya")
    with pytest.raises(Limited):
        await gate.enter("maya")
