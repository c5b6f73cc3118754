"""What the clock asks of conversations."""

from collections.abc import Sequence

from faded_skies.domains.support import service
from faded_skies.domains.support.ports import Desk
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the domain's periodic work."""
    desk: Desk = ports.get(Desk)

    async def see_to_the_desk() -> None:
        await service.hand_over(desk)
        await service.serve_queue(desk)

    async def tidy() -> None:
        while await service.tidy(desk.db, desk.pictures):
            pass
        await service.sweep(desk.db, desk.pictures, now=clock.now())

    return [
        Periodic("support.see_to_the_desk", "* * * * *", see_to_the_desk),
        Periodic("support.tidy", "37 * * * *", tidy),
    ]
