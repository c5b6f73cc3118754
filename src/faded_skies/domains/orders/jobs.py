"""What the clock asks of orders."""

from collections.abc import Sequence

from faded_skies.domains.orders import service
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the order domain's periodic work."""

    async def expire_holds() -> None:
        await service.expire_holds(ports.db, now=clock.now())

    async def expire_amendments() -> None:
        await service.expire_amendments(ports.db, now=clock.now())

    return [
        Periodic("orders.expire_holds", "* * * * *", expire_holds),
        Periodic("orders.expire_amendments", "* * * * *", expire_amendments),
    ]
