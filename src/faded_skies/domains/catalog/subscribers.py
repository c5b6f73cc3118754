"""What follows when the catalogue changes."""

from collections.abc import Sequence

from faded_skies.domains.catalog import service
from faded_skies.domains.catalog.events import ImageDeleted
from faded_skies.domains.catalog.ports import MediaStore
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of deleted pictures: the store of their files."""
    store: MediaStore = ports.get(MediaStore)

    async def delete_files(event: ImageDeleted) -> None:
        await store.delete(service.keys_of(event.image_id, event.widths))

    return [Subscription("catalog.delete_picture_files", ImageDeleted, delete_files)]
