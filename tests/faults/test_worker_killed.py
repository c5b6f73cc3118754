"""Workers that are killed: no job is lost, none counts twice, and one that kills its worker is put aside."""

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from factories.identity import signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.events import OrderMoved
from faded_skies.platform import clock
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from servers import Program, environment_of, until, worker_process

FACTS = 200
POISONED = Path(__file__).with_name("poisoned_worker.py")

pytestmark = pytest.mark.timeout(180)


async def test_killed_among_two_hundred_jobs(
    app: Application,
    settings: Settings,
    tmp_path: Path,
    quiet: Callable[[], Awaitable[None]],
) -> None:
    db = app.ports.db
    person = await signed_in(app)
    orders = [new_id() for _ in range(FACTS)]
    async with db.transaction() as tx:
        for number, order_id in enumerate(orders):
            tx.emit(
                OrderMoved(
                    order_id=order_id,
                    user_id=person.id,
                    order_number=f"FS-{number}",
                    status="confirmed",
                    message="We have your order.",
                    moved_at=clock.now(),
                )
            )

    with worker_process(environment_of(settings), tmp_path / "worker.log") as worker:
        for mark in (10, 90, 170):

            async def reached(mark: int = mark) -> bool:
                sent: int = await db.fetchval("SELECT count(*) FROM messages WHERE sent_at IS NOT NULL")
                return sent >= mark

            await until(reached, f"{mark} messages are sent")
            worker.kill()
            worker.start()
        assert await db.fetchval("SELECT count(*) FROM pgqueuer") > 0, "the worker was killed too late"
        await quiet()
        assert worker.is_running

    messages = await db.fetch("SELECT channel, fact, sent_at FROM messages")
    assert Counter((row["channel"], row["fact"]) for row in messages) == Counter(
        (channel, f"order:{order_id}:confirmed") for channel in ("email", "push") for order_id in orders
    )
    assert None not in {row["sent_at"] for row in messages}
    for suffix in (".eml", ".json"):
        assert len(list((settings.data / "outbox").glob(f"*{suffix}"))) == FACTS
    assert await db.fetch("SELECT * FROM pgqueuer") == []
    assert await db.fetch("SELECT * FROM job_starts") == []


async def test_a_job_that_kills_its_worker_is_held_and_the_others_go_on(
    app: Application, settings: Settings, tmp_path: Path
) -> None:
    db = app.ports.db
    await db.fetch("CREATE TABLE harmless AS SELECT 0 AS done")
    async with db.transaction() as tx:
        for number in range(30):
            tx._jobs.append(("test.kill" if number == 7 else "test.note", b"{}"))

    async def finished() -> bool:
        left = await db.fetch("SELECT entrypoint, status FROM pgqueuer WHERE status IN ('queued', 'picked')")
        return left == []

    with worker_process(environment_of(settings), tmp_path / "worker.log", argv=[str(POISONED)]) as worker:
        deaths = await start_again_until(worker, finished)

    assert 3 <= deaths <= 6
    held = await db.fetch("SELECT entrypoint, status FROM pgqueuer")
    assert [tuple(job) for job in held] == [("test.kill", "failed")]
    assert await db.fetchval("SELECT done FROM harmless") >= 29
    assert await db.fetch("SELECT * FROM job_starts") == []


async def start_again_until(worker: Program, finished: Callable[[], Awaitable[bool]]) -> int:
    """Start the worker again whenever it dies, as its supervisor would; return how often it died."""
    deaths = 0

    async def look() -> bool:
        nonlocal deaths
        if not worker.is_running:
            deaths += 1
            worker.start()
        return await finished()

    await until(look, "all jobs are done or held", 120)
    return deaths
