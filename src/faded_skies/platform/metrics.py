"""What this process counts and times for Prometheus, and the words it does so in.

Each process has its own figures and is scraped by itself; Prometheus adds them up. Labels are closed words: route
templates, methods, classes of status, names of jobs and events. Nothing that comes from outside, no ids, no people.
"""

import asyncio
import time

import asyncpg
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from faded_skies.platform.events import Event

# Prometheus sees restarts by counters that fall; the moments of creation would double the series.
disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped in prometheus_client

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LONG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LAG_PAUSE_SECONDS = 0.5

_REQUESTS = Histogram(
    "faded_skies_http_request_duration_seconds",
    "Requests by route template, method and class of status.",
    ["route", "method", "status"],
    buckets=_QUICK,
    registry=REGISTRY,
)
_STATEMENTS = Histogram(
    "faded_skies_db_statement_duration_seconds",
    "Statements, from asking to the last row, without the wait for a connection.",
    buckets=_QUICK,
    registry=REGISTRY,
)
_STATEMENT_ERRORS = Counter(
    "faded_skies_db_statement_errors",
    "Statements that failed, by class of SQLSTATE (PostgreSQL, appendix A); `none` for lost connections.",
    ["sqlstate_class"],
    registry=REGISTRY,
)
_JOBS = Histogram(
    "faded_skies_job_duration_seconds",
    "Runs of jobs by what became of them: done, retried, held, dropped.",
    ["job_name", "outcome"],
    buckets=_LONG,
    registry=REGISTRY,
)
_PERIODIC = Counter(
    "faded_skies_periodic_runs",
    "Runs of periodic work: done or failed.",
    ["job_name", "outcome"],
    registry=REGISTRY,
)
_EVENTS = Counter(
    "faded_skies_events",
    "Facts that transactions stated, after their commit; `kind` is the state that orders, payments … went into.",
    ["event", "kind"],
    registry=REGISTRY,
)
_EVENTS_OUT = Counter(
    "faded_skies_events_out",
    "Events that the broker has stored (`told`), or that no queue wanted (`unrouted`).",
    ["event", "outcome"],
    registry=REGISTRY,
)
PAYMENTS = Counter(
    "faded_skies_payments",
    "Attempts to charge, by gateway and what they came to: authorized, succeeded, failed …",
    ["gateway", "status"],
    registry=REGISTRY,
)
REFUNDS = Counter(
    "faded_skies_refunds",
    "Refunds, by way (gateway, cash) and what happened to them: requested, succeeded, failed.",
    ["way", "outcome"],
    registry=REGISTRY,
)
MESSAGES = Counter(
    "faded_skies_messages",
    "Tries to send mails and pushes: sent, delayed (tried again), failed (for good), dropped (nobody to send it to).",
    ["channel", "outcome"],
    registry=REGISTRY,
)
SLOW_CLIENTS = Counter(
    "faded_skies_slow_clients", "Sockets that were closed because they took nothing.", registry=REGISTRY
)
_LOOP_LAG = Histogram(
    "faded_skies_event_loop_lag_seconds",
    "How much later than asked for the event loop woke a task.",
    buckets=_QUICK,
    registry=REGISTRY,
)


def request_done(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request. `route` is a template or `other`; a status of 0 means that nobody waited for the answer."""
    verb = method if method in _METHODS else "other"
    _REQUESTS.labels(route, verb, f"{status // 100}xx" if status else "none").observe(seconds)


def statement_done(record: asyncpg.connection.LoggedQuery) -> None:
    """Count a statement, as a query logger of asyncpg."""
    _STATEMENTS.observe(record.elapsed)
    if record.exception is not None:
        code = getattr(record.exception, "sqlstate", None)
        _STATEMENT_ERRORS.labels(code[:2] if code else "none").inc()


def job_done(job: str, outcome: str, seconds: float) -> None:
    """Count a run of a job: done, retried, held or dropped."""
    _JOBS.labels(job, outcome).observe(seconds)


def periodic_done(job: str, *, failed: bool) -> None:
    """Count a run of periodic work."""
    _PERIODIC.labels(job, "failed" if failed else "done").inc()


def committed(event: Event) -> None:
    """Count a fact whose transaction has committed."""
    _EVENTS.labels(event.name, event.kind).inc()


def event_told(name: str, *, routed: bool) -> None:
    """Count an event that a broker was told."""
    _EVENTS_OUT.labels(name, "told" if routed else "unrouted").inc()


async def watch_loop() -> None:
    """Measure for ever how late the event loop is."""
    while True:
        due = time.perf_counter() + _LAG_PAUSE_SECONDS
        await asyncio.sleep(_LAG_PAUSE_SECONDS)
        _LOOP_LAG.observe(max(time.perf_counter() - due, 0))
