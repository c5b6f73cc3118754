"""How fast reports to Metrc go out that piled up while it was away for two days.

The clock is simulated, Metrc is a transport in this process that takes everything, and the real sender drains the
queue out of a real database. The floor is the adapter telling as many things, ten at a time, without a queue. That
none is told twice, and all in order, is checked here in passing, and under faults by `tests/domains/traceability`.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import orjson
from pydantic import SecretStr

from benchmarks.measuring import free_port, server_environment
from faded_skies import bootstrap
from faded_skies.adapters.metrc.opening import open_metrc
from faded_skies.adapters.metrc.system import Metrc
from faded_skies.domains.traceability import service
from faded_skies.domains.traceability.ports import Done, Good, Receipt
from faded_skies.domains.traceability.service import Sender
from faded_skies.platform import logging
from faded_skies.platform.db import Database
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings
from faded_skies.platform.settings.metrc import MetrcAccount

REPORTS = 10_000
BEGIN = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
_OUTAGE = timedelta(days=2)
_AT_ONCE = 10
_TAG = "1A4060300002EE1000000001"

# Of five reports two are sales by themselves, and three are adjustments of one package, to be told in their order.
_FILL = """
INSERT INTO trace_reports (
    id, lane, sequence, step, external_number, payload, happened_at, warn_at, due_at, created_at, next_try_at
)
SELECT gen_random_uuid(), lane, sequence, step, prefix || '-' || n || '-' || sequence,
    jsonb_build_object('at', at, 'destroyed', false, 'reason', NULL, 'note', NULL, 'on', '2026-11-27', 'goods',
        jsonb_build_array(jsonb_build_object('name', 'Haze', 'tag', $3::text, 'quantity', '1', 'unit', 'Each',
            'price_cents', 4000))),
    at, at, at + interval '1 day', at, $1::timestamptz
FROM (
    SELECT md5('r' || n)::uuid AS lane, 1 AS sequence, 'receipt' AS step, 'RC' AS prefix, n,
           $1::timestamptz + n * interval '10 seconds' AS at
    FROM generate_series(1, $2::int * 2 / 5) n
    UNION ALL
    SELECT md5('a' || n)::uuid, s, 'package_adjust', 'PA', n,
           $1::timestamptz + n * interval '20 seconds' + s * interval '1 minute'
    FROM generate_series(1, $2::int / 5) n, generate_series(1, 3) s
) made
"""


@dataclass(frozen=True)
class Drained:
    """Seconds of the drain and of the floor, and the calls of the drain."""

    reports: int
    seconds: float
    floor_seconds: float
    calls: int


def measure_draining(*, reports: int = REPORTS, progress: Callable[[str], None]) -> Drained:
    """Measure in a folder of the system's temporary one, and leave nothing."""
    logging.configure("error", process="benchmark")
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        progress("Starting the engines")
        with start(folder) as engines:
            environment = server_environment(folder, engines, free_port())
            return asyncio.run(_measure(Settings.model_validate(environment), reports, progress))


async def _measure(settings: Settings, reports: int, progress: Callable[[str], None]) -> Drained:
    await migrate(settings.database_url)
    metrc = _Metrc()
    async with (
        bootstrap.application(settings, serves=False) as application,
        open_metrc(
            _ACCOUNT, ZoneInfo("America/Los_Angeles"), transport=httpx.MockTransport(metrc.answer)
        ) as system,
    ):
        db = application.ports.db
        await db.fetch(_FILL, BEGIN, reports, _TAG)
        await db.pool.execute("VACUUM ANALYZE trace_reports")
        sender = Sender(db, system, application.ports.keyring)
        progress(f"{reports} reports wait; Metrc is away for two days")
        await _wait(sender, metrc)
        progress("It is back")
        metrc.is_away, metrc.calls = False, 0
        began = time.perf_counter()
        await _drain(sender, db)
        took = time.perf_counter() - began
        calls = metrc.calls
        _check(metrc.numbers, reports)
        progress("The floor")
        began = time.perf_counter()
        await _floor(system, reports)
        return Drained(reports, took, time.perf_counter() - began, calls)


async def _wait(sender: Sender, metrc: "_Metrc") -> None:
    metrc.is_away = True
    for minute in range(0, int(_OUTAGE.total_seconds() // 60), 10):
        await service.send_next(sender, now=BEGIN + timedelta(minutes=minute))


async def _drain(sender: Sender, db: Database) -> None:
    now = BEGIN + _OUTAGE
    while True:
        now += timedelta(seconds=1)
        if await service.send_next(sender, now=now) == 0 and not await db.fetchval(
            "SELECT count(*) FROM trace_reports WHERE state <> 'sent'"
        ):
            return


def _check(numbers: list[str], reports: int) -> None:
    if len(numbers) != reports or len(set(numbers)) != reports:
        raise RuntimeError(f"{len(numbers)} were told, {len(set(numbers))} different ones, of {reports}.")
    steps: dict[str, list[str]] = {}
    for number in numbers:
        kind, n, step = number.split("-")
        steps.setdefault(f"{kind}-{n}", []).append(step)
    if any(found != sorted(found) for found in steps.values()):
        raise RuntimeError("Reports of one package were told out of their order.")


async def _floor(system: Metrc, reports: int) -> None:
    good = Good(_TAG, Decimal(1), "Each", 4000)
    for first in range(0, reports, _AT_ONCE):
        told = await system.tell([Receipt(f"F-{first + place}", BEGIN, [good]) for place in range(_AT_ONCE)])
        if not isinstance(told, Done):
            raise RuntimeError(f"The floor was refused: {told}")  # noqa: TRY004 - no type of ours is wrong


class _Metrc:
    """Takes everything, or answers 503; remembers our numbers in the order in which they came."""

    def __init__(self) -> None:
        self.is_away = False
        self.calls = 0
        self.numbers: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        if self.is_away:
            return httpx.Response(503)
        if request.method == "GET":
            return httpx.Response(404)
        rows = orjson.loads(request.content)
        for row in rows:
            note = row.get("ReasonNote", "")
            self.numbers.append(
                row.get("ExternalReceiptNumber") or note.removeprefix("Ref ").partition(".")[0]
            )
        return httpx.Response(200, json={"Ids": list(range(len(rows))), "Warnings": None})


_ACCOUNT = MetrcAccount(
    "https://metrc.test",
    SecretStr("vendor"),
    SecretStr("user"),
    "C10-0000001-LIC",
    None,
    "Unable to Deliver",
    "Entry Error",
    "Waste",
)
