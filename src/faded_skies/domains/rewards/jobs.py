"""What the clock asks of rewards."""

from collections.abc import Sequence

from faded_skies.domains.rewards import service
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the work of every night."""

    async def expire_coins() -> None:
        await service.expire(ports.db, now=clock.now())

    return [Periodic("rewards.expire_coins", "17 9 * * *", expire_coins)]
