"""People: making and changing them, and how other domains see them."""

from datetime import date
from uuid import UUID

from faded_skies.domains.identity.errors import EmailTaken, PersonNotFound, Underage
from faded_skies.domains.identity.events import EmailConfirmationRequested
from faded_skies.domains.identity.models import Customer, Employee, User
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.identity.queries import people as queries
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.calendar import completed_years
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id


async def get_user(tx: Tx, user_id: UUID) -> User:
    """Return a person as they see themselves. Raises PersonNotFound."""
    return await queries.get_user(tx, user_id)


def check_age(adulthood: Adulthood, date_of_birth: date) -> None:
    """Refuse who is not of age yet, to the day, at the shop. Raises Underage."""
    if completed_years(date_of_birth, on=adulthood.day(clock.now())) < adulthood.years:
        raise Underage(
            f"You must be {adulthood.years} or older to shop with us. "
            f"Come back on your {adulthood.years}{_ordinal(adulthood.years)} birthday."
        )


def _ordinal(number: int) -> str:
    return "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")  # noqa: PLR2004 - 11th, 12th, 13th


async def create_person(
    tx: Tx,
    *,
    user_id: UUID,
    email: str,
    password_hash: str | None,
    full_name: str,
    phone: str | None,
    date_of_birth: date | None,
    role: Role,
    id_verified: bool,
    email_verified: bool,
) -> None:
    """Make a person of any role under the caller's new id, without mail or session. Raises EmailTaken."""
    await queries.insert_user(
        tx,
        user_id,
        email=email,
        email_verified=email_verified,
        password_hash=password_hash,
        full_name=full_name,
        phone=phone,
        date_of_birth=date_of_birth,
        role=role,
        id_verified=id_verified,
    )
    tx.audit("person.created", object_type="user", object_id=user_id, actor_id=None, role=role)


async def change_profile(
    tx: Tx, actor: Actor, *, full_name: str | None, phone: str | None, email: str | None
) -> User:
    """Change what is given. A new e-mail address waits for the link mailed to it. Raises EmailTaken."""
    user = await queries.get_user(tx, actor.id)
    if full_name is not None or phone is not None:
        await queries.update_profile(tx, actor.id, full_name=full_name, phone=phone)
    if email is not None:
        await _change_email(tx, user, email)
    changed = [
        field
        for field, value in (("fullName", full_name), ("phone", phone), ("email", email))
        if value is not None
    ]
    tx.audit("person.changed", object_type="user", object_id=actor.id, actor_id=actor.id, fields=changed)
    return await queries.get_user(tx, actor.id)


async def _change_email(tx: Tx, user: User, email: str) -> None:
    if email.lower() == user.email.lower():
        await queries.update_pending_email(tx, user.id, None)
        return
    if await queries.is_taken(tx, email):
        raise EmailTaken
    await queries.update_pending_email(tx, user.id, email)
    tx.emit(EmailConfirmationRequested(request_id=new_id(), user_id=user.id))


async def find_customer(tx: Tx | Database, user_id: UUID) -> Customer | None:
    """Return a person as other domains see them, or None."""
    return await queries.find_customer(tx, user_id)


async def list_admins(tx: Tx) -> list[Customer]:
    """Return the admins whose accounts are active."""
    return await queries.list_admins(tx)


async def lock_customer(tx: Tx, user_id: UUID) -> Customer:
    """Return a person whose row stays as it is until the commit. Raises PersonNotFound."""
    return await queries.lock_customer(tx, user_id)


async def set_employee_no(tx: Tx, user_id: UUID, *, employee_no: str | None, actor_id: UUID) -> Employee:
    """Give one of the staff the number that legal papers name them by; None takes it. Raises PersonNotFound."""
    employee = await queries.set_employee_no(tx, user_id, employee_no)
    if employee is None:
        raise PersonNotFound
    tx.audit(
        "user.employee_no_set",
        object_type="user",
        object_id=user_id,
        actor_id=actor_id,
        employee_no=employee_no,
    )
    return employee
