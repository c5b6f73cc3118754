"""Links by which staff looks at a picture: single-use, two minutes, every step in the audit log."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.verification.errors import LinkGone, NotForOneself, PapersGone
from faded_skies.domains.verification.models import Paper, Side
from faded_skies.domains.verification.queries import papers as queries
from faded_skies.domains.verification.queries import verifications
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.opaque_tokens import digest, new_token

LIFETIME = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to one picture; the token exists here and at the client only."""

    side: Side
    token: str
    expires_at: datetime


async def issue_links(tx: Tx, actor: Actor, verification_id: UUID) -> list[Link]:
    """Make a link to each picture. Raises VerificationNotFound, NotForOneself, PapersGone."""
    verification = await verifications.get_verification(tx, verification_id)
    if verification.user_id == actor.id:
        raise NotForOneself
    found = await queries.list_papers(tx, verification_id)
    if not found:
        raise PapersGone
    links = []
    for paper in found:
        link = Link(paper.side, new_token(), clock.now() + LIFETIME)
        await queries.insert_link(
            tx,
            new_id(),
            paper_id=paper.id,
            staff_id=actor.id,
            token_hash=digest(link.token),
            expires_at=link.expires_at,
        )
        links.append(link)
        _audit(tx, "id_document.link_issued", paper, actor.id)
    return links


async def use_link(tx: Tx, token: str) -> Paper:
    """Use a link up and return its picture's row; who opened it is logged. Raises LinkGone."""
    used = await queries.use_link(tx, digest(token))
    if used is None:
        raise LinkGone
    staff_id, paper = used
    _audit(tx, "id_document.opened", paper, staff_id)
    return paper


def _audit(tx: Tx, action: str, paper: Paper, staff_id: UUID) -> None:
    tx.audit(
        action,
        object_type="id_document",
        object_id=paper.id,
        actor_id=staff_id,
        verificationId=str(paper.verification_id),
    )
