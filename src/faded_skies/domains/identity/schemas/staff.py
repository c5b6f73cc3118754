"""The staff on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from faded_skies.domains.identity.models import Employee
from faded_skies.platform.actor import Role
from faded_skies.platform.http.fields import Body, Line, Shape


class ChangeStaff(Body, json_schema_extra={"examples": [{"employeeNo": "E-17"}]}):
    """`employeeNo` is how legal papers name one of the staff; null takes it out."""

    employee_no: Annotated[Line, Field(max_length=30)] | None


class EmployeeShape(Shape):
    id: UUID
    full_name: str
    role: Role
    employee_no: str | None


class EmployeeAnswer(Shape):
    user: EmployeeShape


def present_employee(employee: Employee) -> dict[str, object]:
    return {
        "id": employee.id,
        "fullName": employee.full_name,
        "role": employee.role,
        "employeeNo": employee.employee_no,
    }
