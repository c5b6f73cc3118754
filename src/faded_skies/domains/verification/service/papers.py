"""Pictures of papers: sealed into the document store, opened from it, and deleted for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from faded_skies.domains.verification.errors import PapersGone
from faded_skies.domains.verification.models import Paper, Side
from faded_skies.domains.verification.queries import papers as queries
from faded_skies.platform.db import Database
from faded_skies.platform.documents.ports import DocumentStore
from faded_skies.platform.documents.sealed import Sealed, SealedFiles
from faded_skies.platform.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Vault:
    """The document store and the keys to what lies in it."""

    store: DocumentStore
    keyring: Keyring

    @property
    def files(self) -> SealedFiles:
        return SealedFiles(self.store, self.keyring, "id_document")

    async def put(self, verification_id: UUID, pictures: Mapping[Side, bytes]) -> list[Paper]:
        """Seal pictures into the store. Their rows come after: until then nobody has the keys."""
        papers: list[Paper] = []
        for side, picture in pictures.items():
            sealed = await self.files.put(picture)
            papers.append(Paper(sealed.id, verification_id, side, sealed.wrapped_key))
        return papers

    async def get(self, paper: Paper) -> bytes:
        """Return the picture. Raises DocumentGone, KeyLost, Tampered, or that the store is down."""
        return await self.files.get(Sealed(paper.id, paper.wrapped_key))

    async def remove(self, papers: Sequence[Paper]) -> None:
        """Delete from the store; what is gone already is no error."""
        await self.files.remove([paper.id for paper in papers])


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
    return await vault.files.sweep(partial(queries.find_known, db), now=now)
