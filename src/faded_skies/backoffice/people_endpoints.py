"""HTTP for admins: customers and staff, found, suspended and reactivated, and given roles."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.backoffice.errors import DriverHasOrders, DriverOnDuty
from faded_skies.backoffice.people_schemas import (
    AccountStatus,
    ChangePerson,
    IdStatus,
    PeopleAnswer,
    PersonAnswer,
    present_person,
)
from faded_skies.backoffice.searching import Search, like
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.service import PeopleFilter, Person
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, has_more

router = APIRouter(prefix="/api/admin/users", tags=["staff"], dependencies=needs_token, responses=needs_role)


@router.get("", response_model=PeopleAnswer)
async def list_people(
    _: SignedIn,
    db: Db,
    search: Search = None,
    role: Annotated[Role | None, Query(description="Only of this role.")] = None,
    account_status: Annotated[
        AccountStatus | None, Query(alias="accountStatus", description="Only accounts in this state.")
    ] = None,
    id_verification_status: Annotated[
        IdStatus | None, Query(alias="idVerificationStatus", description="Only whose papers stand so.")
    ] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Customers and staff, who came last first."""
    wanted = PeopleFilter(
        words=like(search),
        role=role,
        account_status=account_status,
        id_verification_status=id_verification_status,
    )
    found, total = await identity.list_people(db, wanted, limit=limit, offset=offset)
    return Json(
        {
            "users": [present_person(person) for person in found],
            "total": total,
            "hasMore": has_more(total=total, offset=offset, rows=len(found)),
        }
    )


@router.get("/{user_id}", response_model=PersonAnswer)
async def get_person(user_id: Id, _: SignedIn, db: Db) -> Json:
    """One person, also one who left."""
    return Json({"user": present_person(await identity.get_person(db, user_id))})


@router.patch(
    "/{user_id}",
    response_model=PersonAnswer,
    responses={
        409: {
            "model": ErrorShape,
            "description": (
                "INVALID_STATE: oneself, the last admin, a closed account, a new role for a driver on duty, or a "
                "suspension of one with orders to bring."
            ),
        }
    },
)
async def change_person(user_id: Id, body: ChangePerson, actor: SignedIn, db: Db) -> Json:
    """Give somebody a role, suspend or reactivate them, or number one of the staff for legal papers.

    A new role and a suspension end every session of theirs at once. A driver on duty keeps the role; one who has orders
    to bring is suspended when those are given to another driver. Customers have no number (404).
    """
    sent = body.model_fields_set
    if (body.role or body.account_status) and body.reason is None:
        raise Refused("reason", "Say why: it stands in the audit log.")
    async with db.transaction() as tx:
        if body.role or body.account_status:
            await _check_duty(tx, await identity.lock_person(tx, user_id), body)
            await identity.set_standing(
                tx,
                actor,
                user_id,
                role=None if body.role is None else Role(body.role),
                account_status=body.account_status,
                reason=body.reason or "",
            )
        if "employee_no" in sent:
            await identity.set_employee_no(tx, user_id, employee_no=body.employee_no, actor_id=actor.id)
        person = await identity.get_person(tx, user_id)
    return Json({"user": present_person(person)})


async def _check_duty(tx: Tx, person: Person, body: ChangePerson) -> None:
    # Not the shift: a driver would decide by it about their own suspension. Staff ends it before or after.
    if person.role is not Role.DRIVER:
        return
    if body.role not in {None, Role.DRIVER} and await delivery.is_on_duty(tx, person.id):
        raise DriverOnDuty
    suspends = body.account_status == "suspended" and person.account_status == "active"
    if suspends and await delivery.lock_duty(tx, person.id):
        raise DriverHasOrders
