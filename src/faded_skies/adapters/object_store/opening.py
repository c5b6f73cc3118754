"""Opens the store that the settings choose."""

from faded_skies.adapters.object_store.bucket import open_bucket
from faded_skies.adapters.object_store.documents import ObstoreDocuments
from faded_skies.adapters.object_store.folder import open_folder
from faded_skies.platform.settings import Settings


async def open_documents(settings: Settings) -> ObstoreDocuments:
    """Open the bucket of AWS_S3_BUCKET, or else the folder. Raises StartRefused when it is not safe to use."""
    if settings.object_storage is not None:
        return await open_bucket(settings.object_storage)
    return open_folder(settings.vault_folder or settings.data / "vault", served=settings.data / "media")
