"""SQL of who tries to get in, and from where they got in before."""

from typing import Any
from uuid import UUID

from faded_skies.platform.db import Database

# What is known and what is not takes the same one query. lower() folds an address as citext compares it, so that one
# account cannot be tried under several names.
_SEEN = """
SELECT lower($1::text) AS name,
    ARRAY(
        SELECT DISTINCT s.address FROM users u JOIN sessions s ON s.user_id = u.id
        WHERE {whose} AND s.created_at > now() - interval '90 days' AND s.address IS NOT NULL
    ) AS signed_in_from,
    ARRAY(
        SELECT DISTINCT m.used_from FROM users u JOIN mailed_tokens m ON m.user_id = u.id
        WHERE {whose} AND m.used_at > now() - interval '1 hour' AND m.used_from IS NOT NULL
    ) AS proved_from
"""
_SEEN_OF_EMAIL = _SEEN.format(whose="u.email = $1::text::citext")
_SEEN_OF_USER = _SEEN.format(whose="u.id = $1::text::uuid")


async def find_seen_of_email(db: Database, email: str) -> tuple[str, list[str], list[str]]:
    """Return the folded address, and from where its owner signed in and lately used a mailed link."""
    return _read(await db.fetchrow(_SEEN_OF_EMAIL, email))


async def find_seen_of_user(db: Database, user_id: UUID) -> tuple[str, list[str], list[str]]:
    """As `find_seen_of_email`, by the person's id."""
    return _read(await db.fetchrow(_SEEN_OF_USER, str(user_id)))


def _read(row: Any) -> tuple[str, list[str], list[str]]:
    return row["name"], row["signed_in_from"], row["proved_from"]
