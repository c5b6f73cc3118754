"""People as admins see and change them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from faded_skies.domains.identity.service import Person
from faded_skies.platform.actor import Role
from faded_skies.platform.http.fields import MOST_TEXT, Body, Line, Shape

AccountStatus = Literal["active", "suspended", "closed"]
IdStatus = Literal["pending", "processing", "approved", "rejected"]


class ChangePerson(
    Body,
    json_schema_extra={
        "examples": [
            {"accountStatus": "suspended", "reason": "Returned stolen goods twice."},
            {"employeeNo": "E-17"},
        ]
    },
):
    """What is sent changes. `role` and `accountStatus` need the `reason`; `employeeNo` null takes the number out."""

    role: Literal["customer", "driver", "agent", "admin"] | None = None
    account_status: Literal["active", "suspended"] | None = None
    reason: Annotated[Line, Field(max_length=MOST_TEXT)] | None = None
    employee_no: Annotated[Line, Field(max_length=30)] | None = None


class KnownPersonShape(Shape):
    """Somebody as admins see them; `liveSessions` is how many sign-ins are open."""

    id: UUID
    full_name: str
    email: str
    email_verified: bool
    phone: str | None
    date_of_birth: date | None
    role: Role
    account_status: AccountStatus
    id_verification_status: IdStatus
    id_expires_on: date | None
    employee_no: str | None
    live_sessions: int
    last_login_at: datetime | None
    created_at: datetime


class PersonAnswer(Shape):
    user: KnownPersonShape


class PeopleAnswer(Shape):
    users: list[KnownPersonShape]
    total: int
    has_more: bool


def present_person(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "fullName": person.full_name,
        "email": person.email,
        "emailVerified": person.email_verified,
        "phone": person.phone,
        "dateOfBirth": person.date_of_birth,
        "role": person.role,
        "accountStatus": person.account_status,
        "idVerificationStatus": person.id_verification_status,
        "idExpiresOn": person.id_expires_on,
        "employeeNo": person.employee_no,
        "liveSessions": person.live_sessions,
        "lastLoginAt": person.last_login_at,
        "createdAt": person.created_at,
    }
