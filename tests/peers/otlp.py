"""An independent receiver of traces: reads OTLP over HTTP by OpenTelemetry's own protobuf classes.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from faded_skies.adapters.otel.traces import tracing_to


@dataclass
class Receiver:
    """What came, and `address` to send it to."""

    address: str = ""
    spans: list[Span] = field(default_factory=list)
    resource: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.raw += body
        asked = ExportTraceServiceRequest.FromString(body)
        for one in asked.resource_spans:
            self.resource |= {held.key: held.value.string_value for held in one.resource.attributes}
            for scope in one.scope_spans:
                self.spans.extend(scope.spans)
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )

    async def vendor(self, request: web.Request) -> web.Response:
        """Stand in for somebody whom we call."""
        assert "traceparent" not in request.headers
        return web.Response(text="ok")


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Listen on a port of 127.0.0.1."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/v1/traces", receiver.take)
    app.router.add_get("/vendor/{rest:.*}", receiver.vendor)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # asyncio's, where no port was asked for
    receiver.address = f"http://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def traced(receiver: Receiver) -> AsyncIterator[None]:
    """Keep this process' spans meanwhile, and send them in the end."""
    kept = tracing_to(receiver.address, release="1.2.3", environment="test", process="serve")
    kept.__enter__()
    try:
        yield
    finally:
        await asyncio.to_thread(kept.__exit__, None, None, None)


def words(span: Span) -> dict[str, str | int]:
    """Return a span's attributes."""
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}
