"""What runs beside the requests: sending, the watch over deadlines, and the comparison of every day."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.traceability import service
from faded_skies.domains.traceability.ports import Line
from faded_skies.domains.traceability.service import Sender
from faded_skies.platform import clock
from faded_skies.platform.jobs import Consumer, Periodic
from faded_skies.platform.ports import Ports

IDLE_SECONDS = 2.0
"""The queue is looked at so often while nothing can be sent."""


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the watch of every minute, and the daily comparison, which is at night or early at a shop in the US."""
    db = ports.db
    law: Law = ports.get(Law)
    line: Line = ports.get(Line)

    async def watch() -> None:
        async with db.transaction() as tx:
            await service.watch(tx, now=clock.now())

    async def compare() -> None:
        now = clock.now()
        if line.system is not None and law.at(now).reporting.system != "none":
            await service.compare(db, line.system, timezone=law.timezone, now=now)

    return [
        Periodic("traceability.watch", "* * * * *", watch),
        Periodic("traceability.compare", "40 10 * * *", compare),
    ]


def consumers(ports: Ports) -> Sequence[Consumer]:
    """Return the sender, where there is somebody to send to; it asks first whether our licence is good there."""
    line: Line = ports.get(Line)
    if line.system is None:
        return []
    sender = Sender(ports.db, line.system, ports.keyring)
    law: Law = ports.get(Law)

    async def run(stop: asyncio.Event) -> None:
        check_at = clock.now()
        while not stop.is_set():
            if check_at <= clock.now():
                check_at = await service.check_licence(ports.db, line, law, now=clock.now())
            if await service.send_next(sender, now=clock.now()) == 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), IDLE_SECONDS)

    return [Consumer("traceability.sender", run)]
