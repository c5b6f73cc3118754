"""Traces from a request through its jobs to vendors' calls: where spans begin. Who keeps them is an adapter's matter.

While nobody does, `active()` is None and each place costs this one comparison.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, Protocol

import asyncpg

Kind = Literal["server", "consumer", "client"]
Words = Mapping[str, str | int]
"""Attributes: names of OpenTelemetry's semantic conventions, values as closed as labels of metrics."""

CARRIER = "otel"
"""Under which name a job's headers carry the trace that it belongs to, as pgqueuer's own tracers call it."""


class Span(Protocol):
    """One piece of work under way."""

    def rename(self, name: str) -> None: ...

    def tell(self, words: Words) -> None: ...

    def fail(self, kind: str) -> None:
        """Mark it as failed; `kind` is the type of an error, never its message."""
        ...


class Tracer(Protocol):
    """Keeps spans."""

    def span(
        self, name: str, kind: Kind, words: Words, *, carrier: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Span]:
        """Begin a span of what is under way here; of what `carrier` says where it is given."""
        ...

    def carrier(self) -> dict[str, str]:
        """Return what lets another process go on with this trace; empty outside of any."""
        ...

    def statement(self, text: str, seconds: float, error: str | None) -> None:
        """Note a statement that has just ended: its text, never its values."""
        ...


class _Kept:
    tracer: Tracer | None = None


def active() -> Tracer | None:
    """Return who keeps spans, None where nobody does."""
    return _Kept.tracer


def keep_with(tracer: Tracer | None) -> None:
    """Let somebody keep spans from now on, or nobody."""
    _Kept.tracer = tracer


@contextmanager
def calling(name: str, words: Words, *, answers: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Make a span of a call to somebody outside, where traces are kept; httpx's calls have theirs without it.

    What it raises is a failure, except for `answers`: a thing that is not there was looked for well.
    """
    tracer = active()
    if tracer is None:
        yield
        return
    answer: Exception | None = None
    with tracer.span(name, "client", words) as span:
        try:
            yield
        except answers as given:
            span.tell({"error.type": type(given).__name__})
            answer = given
    if answer is not None:
        raise answer


def job_headers() -> dict[str, dict[str, str]] | None:
    """Return the headers for a job that this trace makes, None without one."""
    tracer = active()
    carrier = None if tracer is None else tracer.carrier()
    return {CARRIER: carrier} if carrier else None


def statement_done(record: asyncpg.connection.LoggedQuery) -> None:
    """Note a statement, as a query logger of asyncpg; it runs in the context of who asked."""
    tracer = active()
    if tracer is not None:
        error = record.exception
        tracer.statement(record.query, record.elapsed, None if error is None else type(error).__name__)
