"""Sign-in at a provider on the wire, and what it leaves behind."""

from datetime import datetime
from uuid import UUID

from pydantic import field_validator

from faded_skies.domains.identity.models import Identity
from faded_skies.domains.identity.schemas.fields import BirthDate, Name, Phone, Secret, refuse
from faded_skies.platform.http.fields import Body, Shape


class Exchange(Body, json_schema_extra={"examples": [{"code": "the code in the address of /auth/callback"}]}):
    code: Secret


class CompleteProfile(
    Body, json_schema_extra={"examples": [{"dateOfBirth": "1991-04-12", "phone": "(512) 555-0134"}]}
):
    """A field that is left out stays as it is."""

    date_of_birth: BirthDate
    phone: Phone | None = None
    full_name: Name | None = None

    @field_validator("phone", "full_name", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise refuse("Write a value, or leave this field out to keep it as it is.")
        return value


class LinkIdentity(Body, json_schema_extra={"examples": [{"linkToken": "the linkToken of LINK_REQUIRED"}]}):
    link_token: Secret


class IdentityShape(Shape):
    """A provider's account that is a way to sign in."""

    id: UUID
    provider: str
    email: str
    created_at: datetime
    last_used_at: datetime


class OneIdentityShape(Shape):
    identity: IdentityShape


class IdentitiesShape(Shape):
    identities: list[IdentityShape]


def present_identity(identity: Identity) -> dict[str, object]:
    return {
        "id": identity.id,
        "provider": identity.provider,
        "email": identity.email,
        "createdAt": identity.created_at,
        "lastUsedAt": identity.last_used_at,
    }
