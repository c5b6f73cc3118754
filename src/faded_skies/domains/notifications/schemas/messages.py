"""Messages as staff see them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from faded_skies.domains.notifications.service import Channel, MessageRecord, MessageState
from faded_skies.platform.http.fields import Shape


class SentMessageShape(Shape):
    id: UUID
    user_id: UUID | None = Field(description="null for somebody without an account, such as who is invited.")
    channel: Channel
    kind: str
    subject: str | None
    state: MessageState
    reason: str | None = Field(description="Why it failed, waits or was dropped.")
    attempts: int
    next_try_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class SentMessageAnswer(Shape):
    message: SentMessageShape


class SentMessagesAnswer(Shape):
    messages: list[SentMessageShape]
    total: int
    has_more: bool


def present_message(record: MessageRecord) -> dict[str, object]:
    """Return a message as staff see it."""
    return {
        "id": record.id,
        "userId": record.user_id,
        "channel": record.channel,
        "kind": record.kind,
        "subject": record.subject,
        "state": record.state,
        "reason": record.reason,
        "attempts": record.attempts,
        "nextTryAt": record.next_try_at,
        "createdAt": record.created_at,
        "endedAt": record.ended_at,
    }
