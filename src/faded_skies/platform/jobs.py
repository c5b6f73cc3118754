"""The worker: runs what transactions enqueued, and what the clock asks for.

The queue is pgqueuer on its own connection. On top of it stand three things it leaves open: a job that kills
its worker again and again is held after a few starts, failed jobs back off and are then held where staff can
see and replay them, and the connection is made anew when the database comes back.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.errors import RetryRequested
from pgqueuer.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.models import Context, Job, Schedule
from pgqueuer.types import QueueExecutionMode

from faded_skies.platform import metrics, tracing
from faded_skies.platform.db import DATABASE_LOST, Database, Tx
from faded_skies.platform.events import Subscription

log = structlog.get_logger()

MOST_ATTEMPTS = 8
MOST_STARTS = 5
HEARTBEAT = timedelta(seconds=4)
_NOTE_AGAIN_AFTER = timedelta(seconds=1)

_NOTE_FIRST_START = "INSERT INTO job_starts (job_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING starts"
_COUNT_START = """
INSERT INTO job_starts (job_id) VALUES ($1)
ON CONFLICT (job_id) DO UPDATE SET starts = job_starts.starts + 1
RETURNING starts
"""
_REQUEUE_BEGUN = """
UPDATE pgqueuer SET status = 'queued', queue_manager_id = NULL, slot = NULL, heartbeat = now() WHERE status = 'picked'
"""
_FORGET_STARTS = "DELETE FROM job_starts WHERE job_id = $1"


@dataclass(frozen=True)
class Periodic:
    """Work that the clock asks for. `cron` has minutes, in UTC; the handler may run late or twice."""

    job: str
    cron: str
    handler: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Consumer:
    """Endless work, such as reading a stream. `run` returns when told to stop; after a failure it runs again."""

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]


async def requeue_begun(tx: Tx) -> None:
    """Queue again what a worker had begun: after a restore, that worker is not of this database."""
    await tx.execute(_REQUEUE_BEGUN)


class PoisonedJobError(Exception):
    """The job was started several times and never ended: its worker died each time."""


@dataclass
class _Executor(DatabaseRetryEntrypointExecutor):
    """Counts starts before the work and forgets them after it, so that a crash leaves its trace.

    Jobs that a dead worker left behind run one at a time: whichever kills the next worker is then the only one
    that is counted again, and those that were merely with it go on.
    """

    db: Database = field(kw_only=True)
    suspects: asyncio.Lock = field(kw_only=True)
    given_up: str = field(kw_only=True)

    async def execute(self, job: Job, context: Context) -> None:
        if await self._note(_NOTE_FIRST_START, job):
            await self._execute(job, context, starts=1)
            return
        async with self.suspects:
            await self._execute(job, context, starts=await self._note(_COUNT_START, job))

    async def _note(self, statement: str, job: Job) -> Any:
        """Keep the count of starts. A connection lost meanwhile says nothing about the job: it runs again soon."""
        try:
            return await self.db.fetchval(statement, job.id)
        except (asyncpg.PostgresError, *DATABASE_LOST) as error:
            raise RetryRequested(_NOTE_AGAIN_AFTER, type(error).__name__) from error

    async def _execute(self, job: Job, context: Context, *, starts: int) -> None:
        if starts > MOST_STARTS:
            await self._note(_FORGET_STARTS, job)
            raise PoisonedJobError(f"started {starts - 1} times without an end")
        with structlog.contextvars.bound_contextvars(job=job.entrypoint, job_id=int(job.id)):
            began = time.perf_counter()
            outcome = "done"
            try:
                if starts > 1:
                    log.warning("job_started_again", starts=starts)
                await self._traced(job, context)
            except RetryRequested as retry:
                outcome = "retried"
                # The cause's type only: a database's message may quote the row, and the row may be a person.
                log.warning("job_will_retry", attempt=job.attempts + 1, cause=type(retry.__cause__).__name__)
                await self._note(_FORGET_STARTS, job)
                raise
            except Exception as error:
                outcome = self.given_up
                log.error("job_held" if outcome == "held" else "job_dropped", cause=type(error).__name__)  # noqa: TRY400 - as above; pgqueuer_log has the rest
                await self._note(_FORGET_STARTS, job)
                raise
            finally:
                metrics.job_done(job.entrypoint, outcome, time.perf_counter() - began)
        await self._note(_FORGET_STARTS, job)

    async def _traced(self, job: Job, context: Context) -> None:
        """Do the work, as a part of the trace that made it where traces are kept."""
        tracer = tracing.active()
        if tracer is None:
            await super().execute(job, context)
            return
        carried = (job.headers or {}).get(tracing.CARRIER)
        carrier = {name: str(held) for name, held in carried.items()} if isinstance(carried, dict) else {}
        words = {"messaging.system": "pgqueuer", "messaging.destination.name": job.entrypoint}
        with tracer.span(job.entrypoint, "consumer", words, carrier=carrier):
            await super().execute(job, context)


class Worker:
    """Runs subscriptions, periodic work and consumers until `stop` is called."""

    def __init__(
        self,
        *,
        url: str,
        db: Database,
        subscriptions: Sequence[Subscription],
        periodic: Sequence[Periodic],
        consumers: Sequence[Consumer] = (),
    ) -> None:
        self._url = url
        self._db = db
        self._subscriptions = subscriptions
        self._periodic = periodic
        self._consumers = consumers
        self._stopping = asyncio.Event()
        self._running: PgQueuer | None = None

    def stop(self) -> None:
        """Take no more jobs; those under way are finished first."""
        self._stopping.set()
        if self._running is not None:
            self._running.shutdown.set()

    async def run(self) -> None:
        """Work until stopped; when the database goes away, come back when it does."""
        async with asyncio.TaskGroup() as group:
            for consumer in self._consumers:
                group.create_task(self._consume(consumer))
            await self._work()

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._run(QueueExecutionMode.continuous)
            except (asyncpg.PostgresError, *DATABASE_LOST) as error:
                log.warning("worker_lost_database", error=type(error).__name__)
                await self._rest()

    async def _consume(self, consumer: Consumer) -> None:
        while not self._stopping.is_set():
            try:
                await consumer.run(self._stopping)
            except Exception:
                # It starts again; the failure must be seen, and must not end the worker.
                log.exception("consumer_failed", consumer=consumer.name)
                await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), timeout=1)

    async def drain(self) -> None:
        """Work until the queue is empty, then return."""
        await self._run(QueueExecutionMode.drain)

    async def _run(self, mode: QueueExecutionMode) -> None:
        connection = await asyncpg.connect(
            self._url, server_settings={"application_name": "faded-skies-jobs"}
        )
        try:
            queue = PgQueuer.from_asyncpg_connection(connection)
            self._register(queue)
            self._running = queue
            if self._stopping.is_set():
                return
            log.info("worker_ready", jobs=len(self._subscriptions), periodic=len(self._periodic))
            await queue.run(
                mode=mode,
                dequeue_timeout=timedelta(seconds=1),
                batch_size=20,
                heartbeat_timeout=HEARTBEAT,
                shutdown_on_listener_failure=True,
            )
        finally:
            self._running = None
            await connection.close(timeout=2)

    def _register(self, queue: PgQueuer) -> None:
        suspects = asyncio.Lock()

        def executor(parameters: EntrypointExecutorParameters) -> _Executor:
            given_up = "held" if parameters.on_failure == "hold" else "dropped"
            return _Executor(
                parameters, max_attempts=MOST_ATTEMPTS, db=self._db, suspects=suspects, given_up=given_up
            )

        for subscription in self._subscriptions:
            queue.entrypoint(
                subscription.job,
                on_failure="delete" if subscription.is_fleeting else "hold",
                executor_factory=executor,
            )(_deliver(subscription))
        for periodic in self._periodic:
            queue.schedule(periodic.job, periodic.cron)(_tick(periodic))


def _deliver(subscription: Subscription) -> Callable[[Job], Awaitable[None]]:
    async def deliver(job: Job) -> None:
        await subscription.handler(subscription.decode(job.payload or b"{}"))

    return deliver


def _tick(periodic: Periodic) -> Callable[[Schedule], Awaitable[None]]:
    async def tick(_: Schedule) -> None:
        try:
            await periodic.handler()
        except Exception:
            # The next tick tries again; the failure must be seen, and must not end the worker.
            log.exception("periodic_failed", job=periodic.job)
            metrics.periodic_done(periodic.job, failed=True)
        else:
            metrics.periodic_done(periodic.job, failed=False)

    return tick
