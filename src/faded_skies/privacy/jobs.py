"""What privacy does by the clock."""

from collections.abc import Sequence
from datetime import timedelta

from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports
from faded_skies.privacy import closing

LOOKED_AFTER = timedelta(days=3)
"""How long the sweep looks after an account that was closed."""


def periodic(ports: Ports) -> Sequence[Periodic]:
    async def sweep() -> None:
        await closing.sweep(ports.db, since=clock.now() - LOOKED_AFTER)

    return [Periodic("privacy.sweep", "41 8 * * *", sweep)]
