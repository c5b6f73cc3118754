"""What analytics does by the clock."""

import time
from collections.abc import Sequence
from functools import partial

from faded_skies.domains.analytics import service
from faded_skies.domains.analytics.ports import Vendor, Vendors
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports

_SECONDS = 45
"""How long a minute's telling goes on; what is left waits for the next."""


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the telling of each vendor every minute, and the daily forgetting of old events."""
    vendors: Vendors = ports.get(Vendors)

    async def tell(vendor: Vendor) -> None:
        until = time.monotonic() + _SECONDS
        await service.tidy(ports.db, vendor, now=clock.now())
        while await service.tell_next(ports.db, vendor, ports.purpose_keys, now=clock.now()):
            if time.monotonic() > until:
                return

    async def prune() -> None:
        await service.prune(ports.db, now=clock.now(), keep=ports.settings.analytics_keep)

    return [
        *(
            Periodic(f"analytics.tell_{vendor.name}", "* * * * *", partial(tell, vendor))
            for vendor in vendors.all
        ),
        Periodic("analytics.prune", "52 9 * * *", prune),
    ]
