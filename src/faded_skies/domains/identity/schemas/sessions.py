"""Sessions and one's own password on the wire."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import Field

from faded_skies.domains.identity.models import LiveSession
from faded_skies.domains.identity.rules import device_name
from faded_skies.domains.identity.schemas.fields import NewPassword, Secret
from faded_skies.platform.http.fields import Body, Shape


class ChangePassword(
    Body,
    json_schema_extra={"examples": [{"currentPassword": "Demo-Skies-42!", "newPassword": "Demo-Skies-43!"}]},
):
    current_password: Secret
    new_password: NewPassword


class SessionShape(Shape):
    """One sign-in on one device."""

    id: UUID
    current: bool = Field(description="Whether it is the session that asks.")
    created_at: datetime
    last_used_at: datetime | None = Field(description="When its tokens were last renewed.")
    expires_at: datetime
    address: str | None = Field(description="The network address it was opened from.")
    user_agent: str = Field(description="The device in words, such as 'Firefox on Windows'.")


class SessionsShape(Shape):
    sessions: list[SessionShape]


def present_sessions(sessions: Sequence[LiveSession], *, current: UUID) -> dict[str, object]:
    return {
        "sessions": [
            {
                "id": session.id,
                "current": session.id == current,
                "createdAt": session.created_at,
                "lastUsedAt": session.last_used_at,
                "expiresAt": session.expires_at,
                "address": session.address,
                "userAgent": device_name(session.user_agent or ""),
            }
            for session in sessions
        ]
    }
