"""The figures that are read when they are asked for: of this process's parts, and of what all processes share."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import get_args

import socketio
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from faded_skies.domains.notifications.service import Channel
from faded_skies.domains.payments.ports import GatewayName
from faded_skies.domains.payments.service import IntentStatus
from faded_skies.platform import clock, metrics
from faded_skies.platform.connections import Connections
from faded_skies.platform.event_outbox import Backlog, read_backlog
from faded_skies.platform.exposition import Exposition, Shared
from faded_skies.platform.health import Health
from faded_skies.platform.lifecycle import Lifecycle
from faded_skies.platform.ports import Ports
from faded_skies.platform.queue_state import QueueState, read_queue
from faded_skies.platform.streams import Streams
from faded_skies.reports.standing import Standing, read_standing

Row = tuple[tuple[str, ...], float]


def measure(ports: Ports, server: socketio.AsyncServer) -> Exposition:
    """Return all figures of this process."""
    _begin_at_zero()

    async def shared() -> Sequence[Metric]:
        queue = await read_queue(ports.db)
        standing = await read_standing(ports.db, now=clock.now())
        backlog = await read_backlog(ports.db)
        return [*_queue(queue), *_standing(standing), *_events_out(backlog)]

    health: Health = ports.get(Health)

    async def checks() -> Iterable[Metric]:
        found = await health.look()
        rows = [((name,), one.status == "healthy") for name, one in found.items()]
        return [_family("faded_skies_check_healthy", "What /health finds: 1 or 0.", rows, "check")]

    return Exposition(_own(ports, server), Shared(shared), checks)


def _begin_at_zero() -> None:
    """Have counters there before they count: of one that is first seen at one, Prometheus sees no rise."""
    for gateway, status in product(get_args(GatewayName), IntentStatus):
        metrics.PAYMENTS.labels(gateway, status)
    for way, outcome in product(("gateway", "cash"), ("requested", "succeeded", "failed")):
        metrics.REFUNDS.labels(way, outcome)
    for channel, outcome in product(Channel, ("sent", "delayed", "failed", "dropped")):
        metrics.MESSAGES.labels(channel, outcome)


def _own(ports: Ports, server: socketio.AsyncServer) -> Callable[[], Iterable[Metric]]:
    lifecycle: Lifecycle = ports.get(Lifecycle)
    connections: Connections = ports.get(Connections)
    streams: Streams = ports.get(Streams)
    pool, settings = ports.db.pool, ports.settings

    def collect() -> Iterable[Metric]:
        idle, size = pool.get_idle_size(), pool.get_size()
        yield _family(
            "faded_skies_build_info", "The release that runs.", [((settings.version,), 1)], "version"
        )
        yield _family("faded_skies_uptime_seconds", "Since the start.", [((), lifecycle.uptime())])
        yield _family("faded_skies_leaving", "Asked to end, and still serving.", [((), lifecycle.is_leaving)])
        yield _family(
            "faded_skies_http_connections",
            "Open connections of clients, sockets too.",
            [((), lifecycle.connections())],
        )
        yield _family(
            "faded_skies_db_pool_connections",
            "Connections to the database that this process keeps.",
            [(("idle",), idle), (("used",), size - idle)],
            "state",
        )
        yield _family("faded_skies_db_pool_most", "And how many at most.", [((), pool.get_max_size())])
        yield _family("faded_skies_sockets_connected", "Clients on Socket.IO.", [((), len(connections))])
        rooms = server.manager.rooms.get("/", {})
        # Each client has a room of its own, and all of them the one without a name.
        named = len(rooms) - len(connections) - (1 if rooms else 0)
        yield _family("faded_skies_socket_rooms", "Rooms with somebody in them.", [((), max(named, 0))])
        yield _family("faded_skies_streams_connected", "Clients on event streams.", [((), len(streams))])

    return collect


def _queue(queue: QueueState) -> Iterable[Metric]:
    states = [(("waiting",), queue.waiting), (("running",), queue.running), (("held",), queue.held)]
    yield _family("faded_skies_jobs", "Jobs in the queue; `held` wait for staff.", states, "state")
    yield _family(
        "faded_skies_jobs_lag_seconds",
        "How long the job that is due longest has waited.",
        [((), queue.lag_seconds)],
    )
    idle: list[Row] = [] if queue.idle_seconds is None else [((), queue.idle_seconds)]
    yield _family("faded_skies_periodic_idle_seconds", "Since the last periodic work.", idle)


def _events_out(backlog: Backlog) -> Iterable[Metric]:
    yield _family(
        "faded_skies_events_out_waiting", "Events that the broker was not told.", [((), backlog.waiting)]
    )
    yield _family(
        "faded_skies_events_out_oldest_seconds",
        "How long the first of them waits.",
        [((), backlog.oldest_seconds)],
    )


def _standing(standing: Standing) -> Iterable[Metric]:
    yield _family(
        "faded_skies_trace_reports",
        "Reports to the state's track and trace that are not accepted yet.",
        [((state,), count) for state, count in standing.reports],
        "state",
    )
    yield _family(
        "faded_skies_trace_reports_late",
        "Of these, past their legal deadline.",
        [((), standing.late_reports)],
    )
    yield _family(
        "faded_skies_messages_of_last_hour",
        "Mails and pushes made within the last hour.",
        [((channel, outcome), count) for channel, outcome, count in standing.messages],
        "channel",
        "outcome",
    )
    yield _family(
        "faded_skies_messages_delayed",
        "Mails and pushes that are tried again.",
        [((channel,), count) for channel, count in standing.delayed],
        "channel",
    )
    yield _family(
        "faded_skies_payments_of_last_hour",
        "Charges begun within the last hour, by how they stand.",
        [((gateway, status), count) for gateway, status, count in standing.payments],
        "gateway",
        "status",
    )
    backup: list[Row] = [] if standing.backup_seconds is None else [((), standing.backup_seconds)]
    yield _family("faded_skies_backup_age_seconds", "Since the last backup was finished.", backup)
    yield _family(
        "faded_skies_proof_age_seconds",
        "Since the books, the audit log, were last proved in whole.",
        [((proof.name,), proof.seconds) for proof in standing.proofs],
        "proof",
    )
    yield _family(
        "faded_skies_proof_wrong",
        "How many things that proof found wrong.",
        [((proof.name,), proof.wrong) for proof in standing.proofs],
        "proof",
    )
    yield _family(
        "faded_skies_papers_waiting", "Identity papers to look at.", [((), standing.papers_waiting)]
    )
    yield _family(
        "faded_skies_papers_oldest_seconds",
        "How long the first has waited.",
        [((), standing.papers_oldest_seconds)],
    )


def _family(name: str, text: str, rows: Iterable[Row], *labels: str) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, figure in rows:
        family.add_metric(values, float(figure))
    return family
