"""What notifications do by the clock."""

from collections.abc import Sequence
from functools import partial

from faded_skies.domains.notifications import service
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports
from faded_skies.platform.retention import in_batches


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return what is done each minute with messages that waited, and each day with old ones."""
    db = ports.db

    async def send_due() -> None:
        async with db.transaction() as tx:
            await service.send_due(tx, now=clock.now())

    async def prune() -> None:
        async with db.transaction() as tx:
            await service.prune(tx, now=clock.now())
        await in_batches(db, partial(service.forget_messages, now=clock.now()))

    return [
        Periodic("notifications.send_due", "* * * * *", send_due),
        Periodic("notifications.prune", "27 9 * * *", prune),
    ]
