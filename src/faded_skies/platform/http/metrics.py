"""The figures of this process: the guide's JSON, or Prometheus' text for a client that asks for it."""

from datetime import datetime
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from resource import RUSAGE_SELF, getpagesize, getrusage

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST

from faded_skies.platform import clock
from faded_skies.platform.actor import InvalidToken, TokenRequired
from faded_skies.platform.errors import Forbidden
from faded_skies.platform.exposition import CLASSIC, OPENMETRICS, Exposition
from faded_skies.platform.http.accepting import choose
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.fields import Shape
from faded_skies.platform.http.limits import client_address
from faded_skies.platform.http.provide import ports_of
from faded_skies.platform.lifecycle import Lifecycle

router = APIRouter(tags=["operations"])

_STATM = Path("/proc/self/statm")
_PAGE = getpagesize()
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip")


class MetricsElsewhere(Forbidden):
    """No token is set, and the question comes from elsewhere."""

    code = "METRICS_FROM_HERE_ONLY"
    sentence = "Figures are given on this machine only. Set METRICS_TOKEN to read them from another."


class MemoryShape(Shape):
    """Bytes: resident, allocated for data, and of that resident and ours alone."""

    rss: int
    heap_total: int
    heap_used: int


class CpuShape(Shape):
    """Microseconds since the start: our own, and the system's for us."""

    user: int
    system: int


class MetricsShape(Shape):
    """This process; `uptime` in seconds."""

    uptime: float
    memory: MemoryShape
    cpu: CpuShape
    active_connections: int
    timestamp: datetime


@router.get(
    "/metrics",
    response_model=MetricsShape,
    responses={
        200: {
            "content": {CLASSIC: {"schema": {"type": "string"}}, OPENMETRICS: {"schema": {"type": "string"}}}
        }
    },
)
async def metrics(request: Request) -> Response:
    """Figures of this process. Prometheus' text, or OpenMetrics, for who asks for it by Accept.

    With METRICS_TOKEN set it is to be given as a bearer token; else only this machine may ask: 401, 403.
    """
    _admit(request)
    kind = choose(request.headers.get("accept"), ["application/json", OPENMETRICS, CLASSIC])
    ports = ports_of(request)
    if kind == "application/json":
        return Json(_of_this_process(ports.get(Lifecycle)))
    exposition: Exposition = ports.get(Exposition)
    content_type = CONTENT_TYPE_LATEST if kind == OPENMETRICS else CONTENT_TYPE_PLAIN_0_0_4
    return Response(await exposition.text(kind), headers={"Content-Type": content_type})


def _admit(request: Request) -> None:
    token = ports_of(request).settings.metrics_token
    if token is None:
        # A proxy on this machine asks for somebody else, and says so.
        if any(name in request.headers for name in _PASSED_ON) or not _is_loopback(
            client_address(request.scope)
        ):
            raise MetricsElsewhere
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise TokenRequired
    if not compare_digest(given.strip().encode(), token.get_secret_value().encode()):
        raise InvalidToken


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _memory() -> dict[str, int]:
    # Size, resident, shared, text, lib, data and stack, dirty: in pages (Linux, proc(5)).
    _, resident, shared, _, _, data, _ = (int(part) * _PAGE for part in _STATM.read_text().split())
    return {"rss": resident, "heapTotal": data, "heapUsed": resident - shared}


def _of_this_process(lifecycle: Lifecycle) -> dict[str, object]:
    usage = getrusage(RUSAGE_SELF)
    return {
        "uptime": round(lifecycle.uptime(), 3),
        "memory": _memory(),
        "cpu": {"user": int(usage.ru_utime * 1e6), "system": int(usage.ru_stime * 1e6)},
        "activeConnections": lifecycle.connections(),
        "timestamp": clock.now(),
    }
