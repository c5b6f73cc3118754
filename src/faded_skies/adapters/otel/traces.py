"""Keeps spans by OpenTelemetry's SDK and sends them by OTLP over HTTP, in batches, from a thread of its own.

https://opentelemetry.io/docs/specs/semconv/ names the attributes. The SDK reads the rest of OTEL_* by itself (sampler,
headers, timeouts, resource).
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from faded_skies.platform import tracing
from faded_skies.platform.tracing import Kind, Words

_KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "client": SpanKind.CLIENT}
_LONGEST_STATEMENT = 2_000
_SERVER_ERROR = 500


@contextmanager
def tracing_to(endpoint: str, *, release: str, environment: str, process: str) -> Iterator[None]:
    """Keep spans until the end, and send what is left then. `endpoint` is the receiver's address, without a path."""
    resource = Resource.create(
        {
            "service.name": "faded-skies",
            "service.version": release,
            "deployment.environment.name": environment,
            "faded_skies.process": process,
        }
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"))
    )
    tracer = OtelTracer(provider.get_tracer("faded_skies", release))
    tracing.keep_with(tracer)
    try:
        with _vendor_calls(tracer):
            yield
    finally:
        tracing.keep_with(None)
        provider.shutdown()


class OtelSpan:
    """A span of OpenTelemetry's."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def tell(self, words: Words) -> None:
        self._span.set_attributes(words)

    def fail(self, kind: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))


class OtelTracer:
    """Begins spans in the context of the task that asks."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, kind: Kind, words: Words, *, carrier: Mapping[str, str] | None = None
    ) -> Iterator[OtelSpan]:
        parent = context.get_current() if carrier is None else self._propagator.extract(carrier)
        if kind == "server":
            parent = context.Context()  # what callers say of traces is not trusted: one begins here
        with self._tracer.start_as_current_span(
            name,
            parent,
            _KINDS[kind],
            attributes=words,
            record_exception=False,  # its message may quote people
            set_status_on_exception=False,
        ) as begun:
            span = OtelSpan(begun)
            try:
                yield span
            except Exception as error:
                span.fail(type(error).__name__)
                raise

    def carrier(self) -> dict[str, str]:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier

    def statement(self, text: str, seconds: float, error: str | None) -> None:
        if not trace.get_current_span().get_span_context().is_valid:
            return  # of nobody's work: the pool's own, and what looks after sessions
        plain = " ".join(text.split())
        ended = time.time_ns()
        span = self._tracer.start_span(
            plain.partition(" ")[0].rstrip(";").upper(),
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": "postgresql", "db.query.text": plain[:_LONGEST_STATEMENT]},
            start_time=ended - int(seconds * 1e9),
        )
        if error is not None:
            OtelSpan(span).fail(error)
        span.end(ended)


@contextmanager
def _vendor_calls(tracer: OtelTracer) -> Iterator[None]:
    """Make a span of each call by httpx, that of vendors' own libraries too: to which host, and what came of it.

    One method is wrapped while traces are kept: every client of httpx ends there. The address beyond the host is left
    out, it holds what people typed and keys; and no vendor is told of our traces.
    """
    plain = httpx.AsyncHTTPTransport.handle_async_request

    async def traced(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        host, method = request.url.host, request.method
        words: Words = {"server.address": host, "http.request.method": method}
        with tracer.span(f"{method} {host}", "client", words) as span:
            answer = await plain(self, request)
            span.tell({"http.response.status_code": answer.status_code})
            if answer.status_code >= _SERVER_ERROR:
                span.fail(str(answer.status_code))
            return answer

    httpx.AsyncHTTPTransport.handle_async_request = traced  # type: ignore[method-assign]  # httpx hooks clients only
    try:
        yield
    finally:
        httpx.AsyncHTTPTransport.handle_async_request = plain  # type: ignore[method-assign]  # as above
