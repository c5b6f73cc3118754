"""What the clock asks of stock."""

from collections.abc import Sequence

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.inventory import service
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the work of every few minutes: a lot's last day ends at the shop's midnight."""

    async def expire() -> None:
        now = clock.now()
        await service.expire(ports.db, today=compliance.business_day(ports.get(Law).at(now), now))

    return [Periodic("inventory.expire_lots", "*/5 * * * *", expire)]
