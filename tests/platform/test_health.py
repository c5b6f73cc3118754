"""What /health finds: measured, bounded, kept for a moment, and no reason to stop serving where it need not be."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
import uvicorn

from faded_skies.bootstrap import Application
from faded_skies.main import Server
from faded_skies.platform import clock, health, vendor_news
from faded_skies.platform.health import Ailing, Check, Health
from faded_skies.platform.http.health import HealthShape
from faded_skies.platform.lifecycle import Lifecycle
from servers import until


def asking(answer: Callable[[], Awaitable[object]]) -> tuple[Health, list[int]]:
    asked: list[int] = []

    async def ask() -> object:
        asked.append(1)
        return await answer()

    return Health([Check("thing", ask), Check("base", ask, matters=True)]), asked


async def _fine() -> None:
    await asyncio.sleep(0)


async def test_a_flood_of_questions_is_one_question() -> None:
    found, asked = asking(_fine)
    looks = await asyncio.gather(*(found.look(["thing"]) for _ in range(500)))
    assert {one["thing"].status for one in looks} == {"healthy"}
    assert len(asked) == 1
    assert (await found.look(["thing"]))["thing"].seconds == looks[0]["thing"].seconds
    assert len(asked) == 1


async def test_who_hangs_up_takes_nobody_elses_answer_with_them() -> None:
    go_on = asyncio.Event()
    found, asked = asking(go_on.wait)
    first, second = (asyncio.create_task(found.look(["thing"])) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    go_on.set()
    assert (await second)["thing"].status == "healthy"
    assert len(asked) == 1


async def test_what_does_not_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    found, _ = asking(asyncio.Event().wait)
    looks = await found.look()
    assert (looks["thing"].status, looks["base"].status) == ("degraded", "unhealthy")
    assert {one.error for one in looks.values()} == {"It does not answer."}


async def test_a_failure_is_told_without_its_words_and_an_ailment_with_its_sentence() -> None:
    async def broken() -> None:
        raise LookupError("password of maya@example.com")

    async def ailing() -> None:
        raise Ailing("A job has waited for 90 s.")

    assert (await asking(broken)[0].look())["thing"].error == "It does not answer."
    finding = (await asking(ailing)[0].look())["base"]
    assert (finding.status, finding.error) == ("unhealthy", "A job has waited for 90 s.")
    assert finding.seconds is not None


async def test_each_dependency_has_a_measured_time(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["environment"]) == ("healthy", "test")
    for name in ("database", "redis", "storage", "media"):
        assert body["checks"][name]["status"] == "healthy"
        assert float(body["checks"][name]["responseTime"].removesuffix("ms")) > 0
    # Nothing works in this test, and that is no reason to send requests elsewhere.
    assert body["checks"]["jobs"]["status"] == "degraded"
    assert "faded-skies worker" in body["checks"]["jobs"]["error"]
    assert body["checks"]["stripe"]["status"] == "double"


async def test_vendors_that_are_not_asked_tell_how_the_last_call_ended(
    app: Application, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.ports.vendors["thing"] = "Things wait."

    async def told() -> dict[str, str]:
        answer = await client.get("/health")
        assert answer.status_code == 200
        HealthShape.model_validate_json(answer.content)
        check: dict[str, str] = answer.json()["checks"]["thing"]
        return check

    monkeypatch.setattr(vendor_news, "_last", {})
    never = await told()
    assert (never["status"], "lastCallAt" in never) == ("unused", False)
    vendor_news.failed("thing", "ReadTimeout")
    failing = await told()
    assert (failing["status"], failing["error"]) == (
        "degraded",
        "Its last call failed (ReadTimeout). Things wait.",
    )
    vendor_news.answered("thing")
    fine = await told()
    assert (fine["status"], set(fine)) == ("healthy", {"status", "lastCallAt"})
    assert fine["lastCallAt"] > failing["lastCallAt"]
    long_ago = clock.now() - vendor_news.RECENT - timedelta(seconds=1)
    vendor_news._last["thing"] = vendor_news.News(long_ago, "ReadTimeout")
    assert (await told())["status"] == "unused"


async def test_jobs_that_wait_are_told_and_those_not_due_are_not(
    app: Application, client: httpx.AsyncClient
) -> None:
    db = app.ports.db
    await db.fetchval(
        "INSERT INTO pgqueuer_schedules (expression, entrypoint, last_run) VALUES ('* * * * *', 'x', now()) RETURNING 1"
    )
    job = (
        "INSERT INTO pgqueuer (status, entrypoint, priority, execute_after) "
        "VALUES ('queued', 'x', 0, now() + $1::int * interval '1 s') RETURNING 1"
    )
    await db.fetchval(job, 3600)
    found: Health = app.ports.get(Health)
    assert (await found.look(["jobs"]))["jobs"].status == "healthy"
    await db.fetchval(job, -600)

    async def late() -> bool:
        check = (await client.get("/health")).json()["checks"]["jobs"]
        return bool(check["status"] == "degraded" and "waited for a worker for 60" in check["error"])

    await until(late, "the finding of a second ago is over")


async def test_ready_asks_only_what_is_needed_and_is_over_when_the_process_leaves(
    app: Application, client: httpx.AsyncClient
) -> None:
    answer = await client.get("/health/ready")
    assert (answer.status_code, set(answer.json()["checks"])) == (200, {"database"})
    assert "connection" not in answer.headers
    lifecycle: Lifecycle = app.ports.get(Lifecycle)
    lifecycle.is_leaving = True
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["process"]["error"] == "It is leaving: send requests to another."
    assert (await client.get("/health")).status_code == 200
    live = await client.get("/health/live")
    assert (live.status_code, live.headers["connection"]) == (200, "close")


async def test_health_answers_while_every_connection_is_used(
    app: Application, client: httpx.AsyncClient
) -> None:
    pool = app.ports.db.pool
    held = [await pool.acquire() for _ in range(pool.get_max_size())]
    try:
        assert (await client.get("/health/ready")).status_code == 200
    finally:
        for connection in held:
            await pool.release(connection)


@asynccontextmanager
async def serving(*, drain_seconds: float) -> AsyncIterator[tuple[Server, Lifecycle, httpx.AsyncClient]]:
    async def app(_scope: object, _receive: object, send: Callable[[object], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    lifecycle = Lifecycle()
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None)
    server = Server(config, lifecycle, drain_seconds=drain_seconds)
    running = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started, "the server listens")
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        yield server, lifecycle, http
    await asyncio.wait_for(running, 30)


async def test_who_is_asked_to_end_serves_on_until_the_balancer_knows() -> None:
    async with serving(drain_seconds=0.5) as (server, lifecycle, http):
        assert (await http.get("/")).status_code == 204
        assert lifecycle.connections() == 1
        server.handle_exit(signal.SIGTERM, None)
        assert lifecycle.is_leaving
        assert not server.should_exit
        async with httpx.AsyncClient(base_url=http.base_url) as newcomer:
            assert (await newcomer.get("/")).status_code == 204


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
async def test_who_presses_ctrl_c_or_asks_twice_does_not_wait(
    first: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    async with serving(drain_seconds=300) as (server, _, _):
        server.handle_exit(first, None)
        if first is signal.SIGTERM:
            server.handle_exit(signal.SIGTERM, None)
        assert server.should_exit
    assert raised == [first]
