"""People on the wire."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field, field_validator

from faded_skies.domains.identity import rules
from faded_skies.domains.identity.models import User
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.identity.schemas.fields import Email, Name, Phone, refuse
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.calendar import completed_years
from faded_skies.platform.http.fields import Body, Shape


class ChangeProfile(Body, json_schema_extra={"examples": [{"phone": "(512) 555-0177"}]}):
    """An absent field stays as it is."""

    full_name: Name | None = None
    phone: Phone | None = None
    email: Email | None = None

    @field_validator("full_name", "phone", "email", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise refuse("Write a value, or leave this field out to keep it as it is.")
        return value


class UserShape(Shape):
    """A person, as they see themselves."""

    id: UUID
    email: str
    email_verified: bool
    full_name: str
    phone: str | None
    date_of_birth: date | None
    age: int | None = Field(description="Whole years today, at the shop.")
    role: Role
    id_verified: bool = Field(description="The ID is approved and not out of date.")
    id_verification_status: Literal["pending", "processing", "approved", "rejected"]
    rewards_balance: int = Field(description="Coins; one is worth a cent.")
    account_status: Literal["active", "suspended", "closed"]
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ProfileShape(Shape):
    user: UserShape


def present_user(user: User, adulthood: Adulthood) -> dict[str, object]:
    """Return the `user` of the wire; what is computed, as of today at the shop."""
    today = adulthood.day(clock.now())
    born = user.date_of_birth
    return {
        "id": user.id,
        "email": user.email,
        "emailVerified": user.email_verified,
        "fullName": user.full_name,
        "phone": user.phone,
        "dateOfBirth": born,
        "age": None if born is None else completed_years(born, on=today),
        "role": user.role,
        "idVerified": rules.id_is_good(
            today, status=user.id_verification_status, expires_on=user.id_expires_on
        ),
        "idVerificationStatus": user.id_verification_status,
        "rewardsBalance": user.rewards_balance,
        "accountStatus": user.account_status,
        "lastLoginAt": user.last_login_at,
        "createdAt": user.created_at,
        "updatedAt": user.updated_at,
    }
