"""All figures of a process as one text: its own, and those that are read when they are asked for."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest as classic
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

from faded_skies.platform.metrics import REGISTRY

log = structlog.get_logger()

Families = Iterable[Metric]

KEPT_SECONDS = 10.0
PATIENCE = 5.0

CLASSIC = "text/plain"
OPENMETRICS = "application/openmetrics-text"


class Shared:
    """Figures that are read from the database: kept for a moment, absent where they cannot be read."""

    def __init__(self, read: Callable[[], Awaitable[Sequence[Metric]]]) -> None:
        self._read = read
        self._turn = asyncio.Lock()
        self._kept: Sequence[Metric] = ()
        self._fresh_until = 0.0

    async def collect(self) -> Families:
        """Return the figures, and whether they could be read."""
        async with self._turn:
            if time.monotonic() >= self._fresh_until:
                self._kept = await self._look()
                self._fresh_until = time.monotonic() + KEPT_SECONDS
            return self._kept

    async def _look(self) -> Sequence[Metric]:
        readable = GaugeMetricFamily(
            "faded_skies_shared_state_readable",
            "Whether the figures that all processes share could be read from the database.",
        )
        found: Sequence[Metric] = ()
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._read()
        except Exception as error:  # noqa: BLE001 - whatever it is, the rest of the figures are needed most now
            log.warning("shared_state_not_read", error=type(error).__name__)
        readable.add_metric([], float(bool(found)))
        return [*found, readable]


class Exposition:
    """The registry that an encoder reads. `own` tells of this process, `shared` of all, `checks` what it depends on."""

    def __init__(
        self, own: Callable[[], Families], shared: Shared, checks: Callable[[], Awaitable[Families]]
    ) -> None:
        self._own = own
        self._shared = shared
        self._checks = checks

    async def text(self, kind: str) -> bytes:
        """Return everything in the form of Prometheus (`text/plain`), or OpenMetrics."""
        found = _Found(
            [*REGISTRY.collect(), *self._own(), *await self._checks(), *await self._shared.collect()]
        )
        encode = openmetrics if kind == OPENMETRICS else classic
        text: bytes = encode(found)
        return text


class _Found:
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Families:
        return self._families
