"""What the catalogue does by the clock."""

from collections.abc import Sequence

from faded_skies.domains.catalog import service
from faded_skies.domains.catalog.ports import MediaStore
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return what is done each day: files of uploads that were cut off are deleted."""
    store: MediaStore = ports.get(MediaStore)

    async def sweep() -> None:
        await service.sweep_pictures(ports.db, store, now=clock.now())

    return [Periodic("catalog.sweep_pictures", "40 9 * * *", sweep)]
