"""What a person who came from a provider still owes: their date of birth."""

from datetime import date

from faded_skies.domains.identity.errors import AccountSuspended, BirthDateGiven, Underage
from faded_skies.domains.identity.models import User
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.identity.queries import people as queries
from faded_skies.domains.identity.service.people import check_age, lock_customer
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx


async def complete_profile(
    tx: Tx,
    actor: Actor,
    *,
    adulthood: Adulthood,
    date_of_birth: date,
    phone: str | None,
    full_name: str | None,
) -> User | Underage:
    """Write down the date of birth, once and for all.

    A date under age suspends the account, and is not kept: else whoever is refused tries another date. The
    refusal is returned, to be raised after the commit. Raises BirthDateGiven, or AccountSuspended when another
    request of theirs has just done so.
    """
    customer = await lock_customer(tx, actor.id)
    if customer.account_status != "active":
        raise AccountSuspended
    if customer.date_of_birth is not None:
        raise BirthDateGiven
    try:
        check_age(adulthood, date_of_birth)
    except Underage as refused:
        await queries.suspend(tx, actor.id)
        tx.audit(
            "account.suspended",
            object_type="user",
            object_id=actor.id,
            actor_id=None,
            reason="The date of birth that the person gave is under age.",
        )
        return Underage(
            f"{refused.text} Write to our support if the date was a slip: this account is suspended."
        )
    await queries.set_birth_date(tx, actor.id, date_of_birth)
    await queries.update_profile(tx, actor.id, full_name=full_name, phone=phone)
    fields = ["dateOfBirth"]
    fields += ["phone"] if phone is not None else []
    fields += ["fullName"] if full_name is not None else []
    tx.audit("person.completed", object_type="user", object_id=actor.id, actor_id=actor.id, fields=fields)
    return await queries.get_user(tx, actor.id)
