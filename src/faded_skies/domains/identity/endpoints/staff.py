"""HTTP of the staff, for admins."""

from fastapi import APIRouter

from faded_skies.domains.identity import service
from faded_skies.domains.identity.schemas.staff import ChangeStaff, EmployeeAnswer, present_employee
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db

router = APIRouter(prefix="/api/admin/users", tags=["staff"], dependencies=needs_token, responses=needs_role)


@router.patch("/{user_id}", response_model=EmployeeAnswer)
async def change_staff(user_id: Id, body: ChangeStaff, actor: SignedIn, db: Db) -> Json:
    """Number one of the staff, for receipts and manifests. 404 for customers, who have no such number."""
    async with db.transaction() as tx:
        employee = await service.set_employee_no(tx, user_id, employee_no=body.employee_no, actor_id=actor.id)
    return Json({"user": present_employee(employee)})
