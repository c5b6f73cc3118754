"""SQL of people. citext columns are read and compared as text in the driver's eyes, hence the casts."""

from datetime import date
from uuid import UUID

import asyncpg

from faded_skies.domains.identity.errors import EmailTaken, PersonNotFound
from faded_skies.domains.identity.models import Customer, Employee, User
from faded_skies.domains.identity.queries.sessions import LIVE_SESSION
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database, Row, Tx

_USER_COLUMNS = """
    u.id, u.email::text AS email, u.email_verified_at IS NOT NULL AS email_verified,
    u.pending_email::text AS pending_email, u.full_name, u.phone, u.date_of_birth, u.role,
    u.id_verification_status, u.id_expires_on, coalesce(r.balance, 0) AS rewards_balance,
    u.account_status, u.last_login_at, u.created_at, u.updated_at
"""
_GET_USER = f"""
SELECT {_USER_COLUMNS} FROM users u LEFT JOIN rewards_accounts r ON r.user_id = u.id WHERE u.id = $1
"""
_FIND_USER_OF_SESSION = f"""
SELECT {_USER_COLUMNS}
FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN rewards_accounts r ON r.user_id = u.id
WHERE {LIVE_SESSION}
"""
_FIND_CUSTOMER = """
SELECT id, full_name, email::text AS email, phone, date_of_birth, id_verification_status, id_expires_on,
       account_status
FROM users WHERE id = $1
"""
_LIST_ADMINS = """
SELECT id, full_name, email::text AS email, phone, date_of_birth, id_verification_status, id_expires_on,
       account_status
FROM users WHERE role = 'admin' AND account_status = 'active' ORDER BY id
"""
_LOCK_CUSTOMER = f"{_FIND_CUSTOMER} FOR NO KEY UPDATE"
_FIND_OPEN_ACCOUNT_ID = "SELECT id FROM users WHERE email = $1::text::citext AND account_status <> 'closed'"
_IS_TAKEN = "SELECT true FROM users WHERE email = $1::text::citext"
_INSERT_USER = """
INSERT INTO users (id, email, email_verified_at, password_hash, full_name, phone, date_of_birth, role,
                   id_verification_status)
VALUES ($1, $2::text::citext, CASE WHEN $3 THEN now() END, $4, $5, $6, $7, $8,
        CASE WHEN $9 THEN 'approved' ELSE 'pending' END)
ON CONFLICT (email) DO NOTHING
"""
_UPDATE_PROFILE = """
UPDATE users
SET full_name = coalesce($2, full_name), phone = coalesce($3, phone), updated_at = now()
WHERE id = $1
"""
_SET_BIRTH_DATE = "UPDATE users SET date_of_birth = $2, updated_at = now() WHERE id = $1"
_NAME_EMPLOYEE = """
UPDATE users SET employee_no = $2, updated_at = now()
WHERE id = $1 AND role <> 'customer' AND account_status <> 'closed'
RETURNING id, full_name, role, employee_no
"""
_SUSPEND = "UPDATE users SET account_status = 'suspended', updated_at = now() WHERE id = $1"
_UPDATE_PENDING_EMAIL = """
UPDATE users SET pending_email = $2::text::citext, updated_at = now() WHERE id = $1
"""
_CONFIRM_EMAIL = """
UPDATE users
SET email = $2::text::citext, email_verified_at = now(), updated_at = now(),
    pending_email = nullif(pending_email, $2::text::citext)
WHERE id = $1 AND $2::text::citext IN (email, pending_email)
"""
# Papers that will soon expire are still good while new ones are looked at.
_NOTE_ID_PROCESSING = """
UPDATE users SET id_verification_status = 'processing', updated_at = now()
WHERE id = $1 AND (id_verification_status <> 'approved' OR id_expires_on < current_date)
"""
_APPROVE_ID = """
UPDATE users SET id_verification_status = 'approved', id_expires_on = $2, updated_at = now() WHERE id = $1
"""
_REJECT_ID = """
UPDATE users SET id_verification_status = 'rejected', updated_at = now()
WHERE id = $1 AND id_verification_status = 'processing'
"""


def _user(row: Row) -> User:
    return User(**{**row, "role": Role(row["role"])})


async def get_user(tx: Tx, user_id: UUID) -> User:
    """Return the person. Raises PersonNotFound."""
    row = await tx.fetchrow(_GET_USER, user_id)
    if row is None:
        raise PersonNotFound
    return _user(row)


async def find_user_of_session(db: Database, *, session_id: UUID, user_id: UUID) -> User | None:
    """Return the person of a live session: authentication and reading in one round trip."""
    row = await db.fetchrow(_FIND_USER_OF_SESSION, session_id, user_id)
    return None if row is None else _user(row)


async def find_customer(tx: Tx | Database, user_id: UUID) -> Customer | None:
    row = await tx.fetchrow(_FIND_CUSTOMER, user_id)
    return None if row is None else Customer(**row)


async def list_admins(tx: Tx) -> list[Customer]:
    return [Customer(**row) for row in await tx.fetch(_LIST_ADMINS)]


async def lock_customer(tx: Tx, user_id: UUID) -> Customer:
    """Return the person, locked against changes until the commit. Raises PersonNotFound."""
    row = await tx.fetchrow(_LOCK_CUSTOMER, user_id)
    if row is None:
        raise PersonNotFound
    return Customer(**row)


async def find_open_account_id(tx: Tx, email: str) -> UUID | None:
    found: UUID | None = await tx.fetchval(_FIND_OPEN_ACCOUNT_ID, email)
    return found


async def is_taken(tx: Tx, email: str) -> bool:
    return bool(await tx.fetchval(_IS_TAKEN, email))


async def insert_user(
    tx: Tx,
    user_id: UUID,
    *,
    email: str,
    email_verified: bool,
    password_hash: str | None,
    full_name: str,
    phone: str | None,
    date_of_birth: date | None,
    role: Role,
    id_verified: bool,
) -> None:
    """Write a new person. Raises EmailTaken, also when another transaction was a moment faster."""
    if not await tx.execute(
        _INSERT_USER,
        user_id,
        email,
        email_verified,
        password_hash,
        full_name,
        phone,
        date_of_birth,
        role,
        id_verified,
    ):
        raise EmailTaken


async def update_profile(tx: Tx, user_id: UUID, *, full_name: str | None, phone: str | None) -> None:
    """Change what is given; None stays as it is."""
    await tx.execute(_UPDATE_PROFILE, user_id, full_name, phone)


async def set_birth_date(tx: Tx, user_id: UUID, date_of_birth: date) -> None:
    await tx.execute(_SET_BIRTH_DATE, user_id, date_of_birth)


async def suspend(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_SUSPEND, user_id)


async def update_pending_email(tx: Tx, user_id: UUID, email: str | None) -> None:
    await tx.execute(_UPDATE_PENDING_EMAIL, user_id, email)


async def confirm_email(tx: Tx, user_id: UUID, email: str) -> bool:
    """Make this the confirmed address, if it is still the current or the pending one. Raises EmailTaken."""
    try:
        async with tx.savepoint():
            return await tx.execute(_CONFIRM_EMAIL, user_id, email) == 1
    except asyncpg.UniqueViolationError:
        raise EmailTaken from None


async def note_id_processing(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_NOTE_ID_PROCESSING, user_id)


async def approve_id(tx: Tx, user_id: UUID, *, expires_on: date | None) -> None:
    await tx.execute(_APPROVE_ID, user_id, expires_on)


async def reject_id(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_REJECT_ID, user_id)


async def set_employee_no(tx: Tx, user_id: UUID, employee_no: str | None) -> Employee | None:
    """Number one of the staff; None when there is nobody of the staff by this id."""
    row = await tx.fetchrow(_NAME_EMPLOYEE, user_id, employee_no)
    return None if row is None else Employee(**{**row, "role": Role(row["role"])})
