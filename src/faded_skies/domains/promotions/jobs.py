"""What promotions do by the clock."""

from collections.abc import Sequence

from faded_skies.domains.promotions import queries, service
from faded_skies.domains.promotions.service import Sending
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return what is done each minute: starting what is due, and going on with what is under way."""
    db = ports.db
    sending: Sending = ports.get(Sending)

    async def go_on() -> None:
        await service.start_due(db, sending, now=clock.now())
        for promotion_id in await queries.list_sending(db):
            await service.send_batches(db, promotion_id, sending, now=clock.now())

    return [Periodic("promotions.go_on", "* * * * *", go_on)]
