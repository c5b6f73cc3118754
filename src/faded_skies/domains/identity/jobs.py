"""What accounts do by the clock."""

from collections.abc import Sequence

from faded_skies.domains.identity import service
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    async def prune() -> None:
        async with ports.db.transaction() as tx:
            await service.prune(tx)

    return [Periodic(job="identity.prune", cron="17 9 * * *", handler=prune)]
