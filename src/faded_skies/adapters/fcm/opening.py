"""Opens the adapter for FCM. Its import costs 40 MB, so only what pushes imports it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import firebase_admin
import orjson
from firebase_admin import App, credentials, messaging
from requests.adapters import HTTPAdapter

from faded_skies.adapters.fcm.pusher import FcmPusher
from faded_skies.platform.errors import StartRefused
from faded_skies.platform.settings.messages import FirebaseAccount

_PATIENCE = 20


@asynccontextmanager
async def open_fcm(account: FirebaseAccount, *, icon: str) -> AsyncIterator[FcmPusher]:
    """Keep the SDK's application open until the end. Raises StartRefused when the key cannot be read.

    `icon` is the picture beside a push in browsers.
    """
    try:
        certificate = credentials.Certificate(orjson.loads(account.key.get_secret_value()))
    except (ValueError, OSError):
        raise StartRefused(
            "FIREBASE_SERVICE_ACCOUNT is no key of a service account: give the JSON file as Firebase's console made it."
        ) from None
    options = {"httpTimeout": _PATIENCE} | ({"projectId": account.project_id} if account.project_id else {})
    # A name of its own: the SDK keeps its applications by name for the whole process.
    app = firebase_admin.initialize_app(certificate, options, name=f"faded-skies-{uuid4()}")
    try:
        _let_us_do_the_waiting(app)
        yield FcmPusher(app, icon=icon)
    finally:
        # In a thread: it begins a loop of its own to close what it opened.
        await asyncio.to_thread(firebase_admin.delete_app, app)


def _let_us_do_the_waiting(app: App) -> None:
    """Take the SDK's own tries away, which it has no setting for: it sleeps through each Retry-After in our thread."""
    session = messaging._get_messaging_service(app)._client.session  # noqa: SLF001 - as above
    for prefix in list(session.adapters):
        session.mount(prefix, HTTPAdapter(pool_connections=10, pool_maxsize=100, max_retries=0))
