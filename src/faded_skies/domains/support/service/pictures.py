"""Pictures that people send: made anew and sealed as identity papers are, and seen only by those of the ticket."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from faded_skies.domains.support.errors import UploadNotFound
from faded_skies.domains.support.queries import uploads
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.documents.ports import DocumentStore
from faded_skies.platform.documents.sealed import Sealed, SealedFiles
from faded_skies.platform.errors import Refused
from faded_skies.platform.keyring import Keyring

UNSENT_HOURS = 24
"""How long a picture waits for the message that names it."""


def files_of(store: DocumentStore, keyring: Keyring) -> SealedFiles:
    """Return where pictures of conversations lie."""
    return SealedFiles(store, keyring, "support_upload", "support")


async def keep_picture(tx: Tx, actor: Actor, file: Sealed) -> None:
    """Note a picture that lies in the store. Until a message has it, only who sent it sees it."""
    await uploads.insert_upload(tx, file, user_id=actor.id)


async def attach(tx: Tx, ids: Sequence[UUID], *, user_id: UUID, message_id: UUID) -> None:
    """Put pictures into a message. Raises Refused unless each is the person's own and in no message yet."""
    if ids and await uploads.attach(tx, ids, user_id=user_id, message_id=message_id) < len(ids):
        raise Refused(
            "attachments",
            "One of these was sent already, is more than a day old, or is not yours. Upload it again.",
        )


async def get_picture_for(db: Database, actor: Actor, upload_id: UUID) -> Sealed:
    """Return a picture for who sent it, and for the customer of its ticket, and for staff.

    Raises UploadNotFound for all others.
    """
    found = await uploads.find_for(db, actor, upload_id)
    if found is None:
        raise UploadNotFound
    return found


async def tidy(db: Database, files: SealedFiles) -> int:
    """Delete pictures that no message took within a day, and return how many."""
    unsent = await uploads.list_unsent(db, hours=UNSENT_HOURS)
    if not unsent:
        return 0
    async with db.transaction() as tx:
        forgotten = await uploads.forget_unsent(tx, unsent)
    await files.remove(forgotten)
    return len(forgotten)


async def sweep(db: Database, files: SealedFiles, *, now: datetime) -> int:
    """Remove what lies in the store and no row has the key to; uploads under way stay."""
    return await files.sweep(partial(uploads.find_known, db), now=now)
