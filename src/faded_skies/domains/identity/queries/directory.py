"""SQL of how admins find people, and change what they may do."""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.identity.models import PeopleFilter, Person
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database, Row, Tx

_COLUMNS = """
    u.id, u.full_name, u.email::text AS email, u.email_verified_at IS NOT NULL AS email_verified, u.phone,
    u.date_of_birth, u.role, u.account_status, u.id_verification_status, u.id_expires_on, u.employee_no,
    (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.ended_at IS NULL AND s.expires_at > now())
        AS live_sessions,
    u.last_login_at, u.created_at
"""
_WORDS = "person_search_text(u.full_name, u.email::text, u.phone) LIKE $1"
_WANTED = """
    ($2::text IS NULL OR u.role = $2) AND ($3::text IS NULL OR u.account_status = $3)
    AND ($4::text IS NULL OR u.id_verification_status = $4)
"""
# Two statements each: with the condition of the search in an OR its index would not be used.
_WHERE = {False: f"$1::text IS NULL AND {_WANTED}", True: f"{_WORDS} AND {_WANTED}"}
_LIST = {
    searching: f"""
    SELECT {_COLUMNS} FROM (
        SELECT u.* FROM users u WHERE {where} ORDER BY u.created_at DESC, u.id DESC LIMIT $5 OFFSET $6
    ) AS u ORDER BY u.created_at DESC, u.id DESC
    """
    for searching, where in _WHERE.items()
}
_COUNT = {searching: f"SELECT count(*) FROM users u WHERE {where}" for searching, where in _WHERE.items()}
_GET = f"SELECT {_COLUMNS} FROM users u WHERE u.id = $1"
_GET_MANY = f"SELECT {_COLUMNS} FROM users u WHERE u.id = ANY($1::uuid[])"
_LOCK = f"SELECT {_COLUMNS} FROM users u WHERE u.id = $1 FOR NO KEY UPDATE"
_SET = "UPDATE users SET role = $2, account_status = $3, updated_at = now() WHERE id = $1"


def _person(row: Row) -> Person:
    return Person(**{**row, "role": Role(row["role"])})


async def list_people(
    db: Database, wanted: PeopleFilter, *, limit: int, offset: int
) -> tuple[list[Person], int]:
    searching = wanted.words is not None
    values = (wanted.words, wanted.role, wanted.account_status, wanted.id_verification_status)
    rows = await db.fetch(_LIST[searching], *values, limit, offset)
    total = await db.count(_COUNT[searching], *values, rows=len(rows), limit=limit, offset=offset)
    return [_person(row) for row in rows], total


async def find_person(source: Database | Tx, user_id: UUID) -> Person | None:
    row = await source.fetchrow(_GET, user_id)
    return None if row is None else _person(row)


async def find_people(source: Database | Tx, user_ids: Sequence[UUID]) -> dict[UUID, Person]:
    return {row["id"]: _person(row) for row in await source.fetch(_GET_MANY, list(user_ids))}


async def lock_person(tx: Tx, user_id: UUID) -> Person | None:
    row = await tx.fetchrow(_LOCK, user_id)
    return None if row is None else _person(row)


async def set_standing(tx: Tx, user_id: UUID, *, role: Role, account_status: str) -> None:
    await tx.execute(_SET, user_id, role, account_status)
