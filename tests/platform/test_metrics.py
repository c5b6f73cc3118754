"""/metrics: what it counts, in which forms, to whom it is given, and that no label can grow without end."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_classic
from pydantic import SecretStr

from factories.figures import watch_counter
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.events import OrderMoved
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import StartRefused
from faded_skies.platform.http.beside import listening
from faded_skies.platform.ids import new_id
from faded_skies.platform.lifecycle import Lifecycle
from faded_skies.platform.metrics import REFUNDS, REGISTRY
from faded_skies.platform.settings import Settings, SettingsError, read_settings
from servers import free_port

TOKEN = "a-token-of-tests-long-enough"
CLASSIC = {"Accept": "text/plain;version=0.0.4"}
PROMETHEUS = {
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
}


@pytest.fixture
def away(app: Application) -> httpx.AsyncClient:
    """A client on another machine."""
    transport = httpx.ASGITransport(app=app.asgi, client=("203.0.113.9", 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    with_token = settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    async with bootstrap.application(with_token) as app:
        transport = httpx.ASGITransport(app=app.asgi, client=("203.0.113.9", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            yield http


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


async def families(client: httpx.AsyncClient) -> dict[str, Metric]:
    answer = await client.get("/metrics", headers=PROMETHEUS)
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.")
    found = read_openmetrics(answer.text)  # type: ignore[no-untyped-call]  # untyped in prometheus_client
    return {family.name: family for family in found}


async def test_the_guides_json(client: httpx.AsyncClient) -> None:
    body = (await client.get("/metrics")).json()
    assert set(body) == {"uptime", "memory", "cpu", "activeConnections", "timestamp"}
    assert body["memory"]["rss"] >= body["memory"]["heapUsed"] > 1_000_000
    assert body["cpu"]["user"] > 1000
    assert body["uptime"] > 0
    assert body["activeConnections"] == 0


async def test_both_texts_are_read_by_prometheus_own_parser(client: httpx.AsyncClient) -> None:
    found = await families(client)
    classic = await client.get("/metrics", headers=CLASSIC)
    assert classic.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {family.name for family in read_classic(classic.text)}
    assert {"faded_skies_jobs", "faded_skies_db_pool_connections", "process_resident_memory_bytes"} <= names
    assert {"faded_skies_events", "faded_skies_event_loop_lag_seconds"} <= set(found)
    # What did not happen yet is there at zero: of what is first seen at one, rate() sees nothing.
    of_money = found["faded_skies_payments"].samples
    assert {"authorized", "succeeded", "failed", "cancelled"} <= {one.labels["status"] for one in of_money}
    assert len(found["faded_skies_refunds"].samples) == 6
    assert len(found["faded_skies_messages"].samples) == 8
    jobs = {one.labels["state"]: one.value for one in found["faded_skies_jobs"].samples}
    assert jobs == {"waiting": 0, "running": 0, "held": 0}
    assert found["faded_skies_shared_state_readable"].samples[0].value == 1
    assert (await client.get("/metrics", headers={"Accept": "image/png"})).status_code == 406


async def test_what_health_finds_is_a_figure(client: httpx.AsyncClient) -> None:
    found = (await families(client))["faded_skies_check_healthy"].samples
    shown = {one.labels["check"]: one.value for one in found}
    assert shown == {"database": 1, "redis": 1, "storage": 1, "media": 1, "jobs": 0}  # no worker runs here


async def test_figures_without_a_token_stay_on_this_machine(
    client: httpx.AsyncClient, away: httpx.AsyncClient
) -> None:
    refused = [
        await away.get("/metrics"),
        await away.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}),
        *[
            await client.get("/metrics", headers={name: "203.0.113.9"})
            for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP")
        ],
    ]
    assert {(one.status_code, one.json()["code"]) for one in refused} == {(403, "METRICS_FROM_HERE_ONLY")}
    assert (await client.get("/metrics")).status_code == 200


async def test_with_a_token_only_who_has_it_reads_them(guarded: httpx.AsyncClient) -> None:
    for given, code in (
        ({}, "TOKEN_REQUIRED"),
        ({"Authorization": "Bearer "}, "TOKEN_REQUIRED"),
        ({"Authorization": f"Basic {TOKEN}"}, "TOKEN_REQUIRED"),
        ({"Authorization": f"Bearer {TOKEN}x"}, "INVALID_TOKEN"),
        ({"Authorization": b"Bearer \xe2\x98\x98"}, "INVALID_TOKEN"),
    ):
        answer = await guarded.get("/metrics", headers=given)  # type: ignore[arg-type]  # bytes on purpose
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    answer = await guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **CLASSIC})
    assert answer.status_code == 200
    assert "faded_skies_jobs" in answer.text


def test_a_short_token_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "short")
    with pytest.raises(SettingsError, match="METRICS_TOKEN: use at least 16 characters"):
        read_settings()


async def test_requests_are_counted_by_template_and_what_leads_nowhere_is_one_label(
    client: httpx.AsyncClient,
) -> None:
    name = "faded_skies_http_request_duration_seconds_count"
    of_product = {"route": "/api/products/{product_id}", "method": "GET", "status": "4xx"}
    nowhere = {"route": "other", "method": "GET", "status": "4xx"}
    strange = {"route": "other", "method": "other", "status": "4xx"}
    hot = {"route": "/api/categories", "method": "GET", "status": "2xx"}
    before = [sample(name, **labels) for labels in (of_product, nowhere, strange, hot)]
    for _ in range(2):
        await client.get(f"/api/products/{new_id()}")
        await client.get(f"/{new_id()}/{new_id()}")
        await client.get("/api/categories")
    await client.request("BREW", f"/{new_id()}")
    after = [sample(name, **labels) for labels in (of_product, nowhere, strange, hot)]
    assert [new - old for new, old in zip(after, before, strict=True)] == [2, 2, 1, 2]


async def test_facts_are_counted_when_they_are_committed_and_not_before(app: Application) -> None:
    labels = {"event": "orders.moved", "kind": "delivered"}
    before = sample("faded_skies_events_total", **labels)
    moved = OrderMoved(
        order_id=new_id(),
        user_id=new_id(),
        order_number="FS-1",
        status="delivered",
        message="",
        moved_at=clock.now(),
    )

    refunds = watch_counter("faded_skies_refunds_total")

    def fail(tx: Tx) -> None:
        tx.emit(moved)
        tx.count(REFUNDS, "cash", "succeeded")
        raise LookupError

    with pytest.raises(LookupError):
        async with app.ports.db.transaction() as tx:
            fail(tx)
    async with app.ports.db.transaction() as tx:
        with suppress(LookupError):
            async with tx.savepoint():
                fail(tx)
        tx.emit(moved)
        tx.count(REFUNDS, "cash", "requested")
        assert (sample("faded_skies_events_total", **labels), refunds()) == (before, {})
    assert refunds() == {("requested", "cash"): 1}
    assert sample("faded_skies_events_total", **labels) == before + 1


async def test_statements_are_timed_and_their_failures_told_by_class(app: Application) -> None:
    count = "faded_skies_db_statement_duration_seconds_count"
    errors = ("faded_skies_db_statement_errors_total", {"sqlstate_class": "22"})
    before, failed = sample(count), sample(errors[0], **errors[1])
    with pytest.raises(Exception, match="division by zero"):
        await app.ports.db.fetchval("SELECT 1 / $1::int", 0)
    await app.ports.db.fetchval("SELECT 1")
    await app.ports.db.fetchval("SELECT 1")  # what was asked before is counted by now
    assert sample(count) >= before + 2
    assert sample(errors[0], **errors[1]) == failed + 1


async def test_without_a_database_the_process_still_tells_of_itself(
    app: Application, client: httpx.AsyncClient
) -> None:
    await app.ports.db.close()
    found = await families(client)
    assert found["faded_skies_shared_state_readable"].samples[0].value == 0
    assert "faded_skies_jobs" not in found
    assert found["faded_skies_uptime_seconds"].samples[0].value > 0
    checks = {one.labels["check"]: one.value for one in found["faded_skies_check_healthy"].samples}
    assert (checks["database"], checks["redis"]) == (0, 1)


async def test_a_worker_tells_on_a_port_of_its_own(app: Application, tmp_path: Path) -> None:
    port = free_port()
    lifecycle: Lifecycle = app.ports.get(Lifecycle)
    async with (
        listening(app.beside, host="127.0.0.1", port=port, lifecycle=lifecycle),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        assert (await http.get("/health/ready")).status_code == 200
        assert (await http.get("/metrics")).json()["activeConnections"] == 1
        assert "faded_skies_jobs" in (await http.get("/metrics", headers=CLASSIC)).text
        assert (await http.get("/api/products")).status_code == 404
        with pytest.raises(StartRefused, match=f"METRICS_PORT {port} cannot be used"):
            async with listening(app.beside, host="127.0.0.1", port=port, lifecycle=lifecycle):
                pass
