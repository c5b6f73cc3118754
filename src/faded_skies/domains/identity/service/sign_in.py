"""Registering, and signing in with a password."""

from datetime import date, timedelta

from faded_skies.domains.identity.errors import AccountSuspended, InvalidCredentials
from faded_skies.domains.identity.events import PersonRegistered
from faded_skies.domains.identity.models import Account, Challenge, FirstFactor, Grant
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.identity.queries import sessions as queries
from faded_skies.domains.identity.service.people import check_age, create_person
from faded_skies.domains.identity.service.sessions import admit, open_session
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id


async def register(
    tx: Tx,
    *,
    adulthood: Adulthood,
    email: str,
    password_hash: str,
    full_name: str,
    phone: str,
    date_of_birth: date,
    session_lifetime: timedelta,
) -> Grant:
    """Make a customer and their first session; a welcome follows. Raises Underage or EmailTaken."""
    check_age(adulthood, date_of_birth)
    user_id = new_id()
    await create_person(
        tx,
        user_id=user_id,
        email=email,
        password_hash=password_hash,
        full_name=full_name,
        phone=phone,
        date_of_birth=date_of_birth,
        role=Role.CUSTOMER,
        id_verified=False,
        email_verified=False,
    )
    tx.audit("person.registered", object_type="user", object_id=user_id, actor_id=user_id)
    tx.emit(PersonRegistered(user_id=user_id))
    return await open_session(
        tx,
        user_id,
        by=FirstFactor.PASSWORD,
        second_factor_checked=False,
        session_lifetime=session_lifetime,
    )


async def find_account(db: Database, email: str) -> Account | None:
    """Return what a password check needs; e-mail addresses compare without case."""
    return await queries.find_account(db, email)


async def sign_in(
    tx: Tx,
    account: Account | None,
    *,
    password_right: bool,
    better_hash: str | None,
    session_lifetime: timedelta,
) -> Grant | Challenge | InvalidCredentials | AccountSuspended:
    """Let in who gave the right password; whoever has a second factor is asked for it.

    A refusal is returned, to be raised after the commit: its audit entry must stay.
    """
    if account is not None and password_right:
        if await queries.prove_password(tx, account, better_hash=better_hash):
            return await admit(tx, account.id, by=FirstFactor.PASSWORD, session_lifetime=session_lifetime)
        if await queries.find_account_status(tx, account) is not None:
            tx.audit("sign_in.suspended", object_type="user", object_id=account.id, actor_id=account.id)
            return AccountSuspended()
    known = None if account is None else account.id
    tx.audit("sign_in.failed", object_type="user", object_id=known, actor_id=None)
    return InvalidCredentials()
