"""SQL of invitations."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity.models import Invitation, OpenInvitation
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database, Row, Tx

# One writer an address: the earlier invitation ends before the next begins.
_LOCK_ADDRESS = "SELECT pg_advisory_xact_lock(hashtextextended('invitation of ' || lower($1), 0))"
_REVOKE_FOR = """
UPDATE invitations SET revoked_at = now()
WHERE email = $1::text::citext AND accepted_at IS NULL AND revoked_at IS NULL
"""
_COLUMNS = """
    i.id, i.email::text AS email, i.role, i.full_name, i.created_at, i.expires_at,
    CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.revoked_at IS NOT NULL THEN 'revoked'
         WHEN i.expires_at <= now() THEN 'expired' ELSE 'waiting' END AS status
"""
_INSERT = f"""
INSERT INTO invitations AS i (id, email, role, full_name, invited_by, expires_at)
VALUES ($1, $2::text::citext, $3, $4, $5, $6)
RETURNING {_COLUMNS}
"""
_LIST = f"SELECT {_COLUMNS} FROM invitations i ORDER BY i.created_at DESC, i.id DESC LIMIT $1 OFFSET $2"
_COUNT = "SELECT count(*) FROM invitations"
_REVOKE = """
UPDATE invitations SET revoked_at = now()
WHERE id = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now()
"""
# An invitation stands only as long as whoever made it may invite.
_WAITS = """
i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
AND EXISTS (SELECT FROM users u WHERE u.id = i.invited_by AND u.role = 'admin' AND u.account_status = 'active')
"""
# Once only: a job that runs twice must not void the token that was mailed.
_PUT_TOKEN = f"""
UPDATE invitations i SET token_hash = $2 WHERE i.id = $1 AND i.token_hash IS NULL AND {_WAITS}
RETURNING i.email::text AS email, i.full_name, i.role
"""
_LOCK_BY_TOKEN = f"""
SELECT i.id, i.email::text AS email, i.full_name, i.role FROM invitations i WHERE i.token_hash = $1 AND {_WAITS}
FOR UPDATE OF i
"""
_ACCEPT = "UPDATE invitations SET accepted_at = now(), accepted_by = $2 WHERE id = $1"
_PRUNE = "DELETE FROM invitations WHERE accepted_at IS NULL AND expires_at < now() - interval '90 days'"


def _invitation(row: Row) -> Invitation:
    return Invitation(**{**row, "role": Role(row["role"])})


async def lock_address(tx: Tx, email: str) -> None:
    await tx.execute(_LOCK_ADDRESS, email)


async def revoke_for(tx: Tx, email: str) -> None:
    """End what waits for this address. The caller holds `lock_address`."""
    await tx.execute(_REVOKE_FOR, email)


async def insert_invitation(
    tx: Tx,
    invitation_id: UUID,
    *,
    email: str,
    role: Role,
    full_name: str | None,
    invited_by: UUID,
    expires_at: datetime,
) -> Invitation:
    row = await tx.fetchrow(_INSERT, invitation_id, email, role, full_name, invited_by, expires_at)
    assert row is not None  # noqa: S101 - an INSERT gives its row
    return _invitation(row)


async def list_invitations(db: Database, *, limit: int, offset: int) -> tuple[list[Invitation], int]:
    """Return a page, newest first, and how many there are."""
    rows = await db.fetch(_LIST, limit, offset)
    return [_invitation(row) for row in rows], await db.fetchval(_COUNT)


async def revoke(tx: Tx, invitation_id: UUID) -> bool:
    """End an invitation; False when none of this id waits."""
    return await tx.execute(_REVOKE, invitation_id) == 1


async def put_token(tx: Tx, invitation_id: UUID, token_hash: bytes) -> OpenInvitation | None:
    """Give the invitation its token; None when it has one, or waits no more."""
    row = await tx.fetchrow(_PUT_TOKEN, invitation_id, token_hash)
    return (
        None
        if row is None
        else OpenInvitation(invitation_id, row["email"], row["full_name"], Role(row["role"]))
    )


async def lock_by_token(tx: Tx, token_hash: bytes) -> OpenInvitation | None:
    """Return the invitation that waits for this token, held until the commit."""
    row = await tx.fetchrow(_LOCK_BY_TOKEN, token_hash)
    return (
        None if row is None else OpenInvitation(row["id"], row["email"], row["full_name"], Role(row["role"]))
    )


async def accept(tx: Tx, invitation_id: UUID, user_id: UUID) -> None:
    await tx.execute(_ACCEPT, invitation_id, user_id)


async def prune(tx: Tx) -> None:
    """Forget what nobody accepted, three months after its end."""
    await tx.execute(_PRUNE)
