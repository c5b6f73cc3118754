"""What reports do by the clock."""

from collections.abc import Sequence

from faded_skies.domains.compliance.service import Law
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports
from faded_skies.reports.summing import refresh


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the summing up of days that changed, every minute, so that whoever asks finds little left to do."""
    law: Law = ports.get(Law)

    async def sum_days() -> None:
        await refresh(ports.db, law.timezone)

    return [Periodic("reports.sum_days", "* * * * *", sum_days)]
