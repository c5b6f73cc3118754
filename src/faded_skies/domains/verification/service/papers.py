"""Pictures of papers: sealed into the document store, opened from it, and deleted for good.

Each picture has a key of its own, kept wrapped by the shop's master key beside its row. A picture without a row is
noise that the next sweep removes; a row without a key says only that there was one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from faded_skies.domains.verification.errors import PapersGone
from faded_skies.domains.verification.models import Paper, Side
from faded_skies.domains.verification.ports import DocumentStore
from faded_skies.domains.verification.queries import papers as queries
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import Keyring

_UPLOAD_TAKES = timedelta(hours=1)
_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Vault:
    """The document store and the keys to what lies in it."""

    store: DocumentStore
    keyring: Keyring

    async def put(self, verification_id: UUID, pictures: Mapping[Side, bytes]) -> list[Paper]:
        """Seal pictures into the store. Their rows come after: until then nobody has the keys."""
        papers: list[Paper] = []
        for side, picture in pictures.items():
            paper_id, data_key = new_id(), self.keyring.new_data_key()
            context = context_of(paper_id)
            wrapped = self.keyring.wrap(data_key, context=context)
            await self.store.put(str(paper_id), self.keyring.seal(picture, data_key, context=context))
            papers.append(Paper(paper_id, verification_id, side, wrapped))
        return papers

    async def get(self, paper: Paper) -> bytes:
        """Return the picture. Raises PapersGone, KeyLost, Tampered, or that the store is down."""
        context = context_of(paper.id)
        data_key = self.keyring.unwrap(paper.wrapped_key, context=context)
        sealed = await self.store.get(str(paper.id))
        return self.keyring.open(sealed, data_key, context=context)

    async def remove(self, papers: Sequence[Paper]) -> None:
        """Delete from the store; what is gone already is no error."""
        await self.store.delete([str(paper.id) for paper in papers])


def context_of(paper_id: UUID) -> str:
    """Return what a picture and its key are bound to (docs/adr/0011)."""
    return f"id_document:{paper_id}"


async def pictures_of(db: Database, vault: Vault, verification_id: UUID) -> list[bytes]:
    """Return the pictures of a verification, the front first. Raises PapersGone."""
    papers = await queries.list_papers(db, verification_id)
    if not papers:
        raise PapersGone
    return [await vault.get(paper) for paper in papers]


async def delete_due(db: Database, vault: Vault, *, decided_before: datetime) -> int:
    """Delete the pictures of what was decided by then, and return how many."""
    due = await queries.list_due(db, decided_before)
    if due:
        await delete(db, vault, due)
    return len(due)


async def delete(db: Database, vault: Vault, papers: Sequence[Paper]) -> None:
    """Throw the keys away, then the pictures; killed in between, the sweep finds what is left."""
    async with db.transaction() as tx:
        for paper_id in await queries.forget(tx, [paper.id for paper in papers]):
            tx.audit("id_document.deleted", object_type="id_document", object_id=paper_id, actor_id=None)
    await vault.remove(papers)


async def sweep(db: Database, vault: Vault, *, now: datetime) -> int:
    """Remove what lies in the store and no row has the key to; uploads under way, and what is not ours, stay."""
    removed = 0
    async for names in vault.store.list_older(now - _UPLOAD_TAKES):
        ours = [UUID(name) for name in names if _OURS.fullmatch(name)]
        if len(ours) < len(names):
            log.warning("document_store_holds_strange_things", count=len(names) - len(ours))
        known = await queries.find_known(db, ours)
        lost = [str(paper_id) for paper_id in ours if paper_id not in known]
        if lost:
            await vault.store.delete(lost)
        removed += len(lost)
    return removed
