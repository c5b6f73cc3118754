"""Invitations on the wire."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from faded_skies.domains.identity.models import Invitation
from faded_skies.domains.identity.schemas.fields import Email, Name, NewPassword, Phone, Secret
from faded_skies.platform.actor import Role
from faded_skies.platform.http.fields import Body, Shape


class Invite(Body, json_schema_extra={"examples": [{"email": "dara@example.com", "role": "driver"}]}):
    email: Email
    role: Literal["driver", "agent", "admin"]
    full_name: Name | None = None


class AcceptInvitation(
    Body,
    json_schema_extra={
        "examples": [
            {"token": "the token of the mailed link", "fullName": "Dara Voss", "password": "Demo-Skies-42!"}
        ]
    },
):
    token: Secret
    full_name: Name
    password: NewPassword
    phone: Phone | None = None


class InvitationShape(Shape):
    id: UUID
    email: str
    role: Role
    full_name: str | None
    status: Literal["waiting", "accepted", "revoked", "expired"]
    created_at: datetime
    expires_at: datetime


class InvitationAnswer(Shape):
    invitation: InvitationShape


class InvitationsAnswer(Shape):
    invitations: list[InvitationShape]
    total: int
    has_more: bool


def present_invitation(invitation: Invitation) -> dict[str, object]:
    return {
        "id": invitation.id,
        "email": invitation.email,
        "role": invitation.role,
        "fullName": invitation.full_name,
        "status": invitation.status,
        "createdAt": invitation.created_at,
        "expiresAt": invitation.expires_at,
    }
