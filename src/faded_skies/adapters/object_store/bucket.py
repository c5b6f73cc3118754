"""The document store in a private bucket of Amazon S3, or of a store that speaks as it does."""

from datetime import timedelta

from obstore.store import S3Store

from faded_skies.adapters.object_store.documents import ObstoreDocuments
from faded_skies.adapters.object_store.privacy import Bucket, Privacy
from faded_skies.adapters.object_store.signing import Signer
from faded_skies.platform.settings.storage import ObjectStorage

PREFIX = "id-documents"
"""Everything of ours lies under it: what else is in the bucket is never listed and never swept away."""

_CONNECT = timedelta(seconds=3)
_WHOLE = timedelta(seconds=10)


def reach_bucket(storage: ObjectStorage) -> Bucket:
    """Return the bucket that the settings name; nothing is asked of it yet."""
    endpoint = (storage.endpoint or f"https://s3.{storage.region}.amazonaws.com").rstrip("/")
    secret = storage.secret.get_secret_value()
    store = S3Store(
        storage.bucket,
        prefix=PREFIX,
        config={
            "region": storage.region,
            "access_key_id": storage.key_id,
            "secret_access_key": secret,
            "endpoint": endpoint,
            "virtual_hosted_style_request": False,
            "server_side_encryption": "AES256",
            "disable_bulk_delete": True,  # which some other makers' stores lack; we delete a few at a time
        },
        client_options={
            "connect_timeout": _CONNECT,
            "timeout": _WHOLE,
            "allow_http": endpoint.startswith("http://"),
        },
        retry_config={"max_retries": 2, "retry_timeout": _WHOLE},
    )
    return Bucket(
        name=storage.bucket,
        url=f"{endpoint}/{storage.bucket}",
        prefix=PREFIX,
        store=store,
        signer=Signer(storage.key_id, secret, storage.region),
    )


async def open_bucket(storage: ObjectStorage) -> ObstoreDocuments:
    """Open the bucket. Raises StartRefused when it is public, missing, or refuses our key."""
    bucket = reach_bucket(storage)
    privacy = Privacy(bucket)
    await privacy.at_start()
    return ObstoreDocuments(bucket.store, ready=privacy.before_use)
