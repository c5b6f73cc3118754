"""The app's own list on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from faded_skies.domains.notifications.service import NoticeRow
from faded_skies.platform.http.fields import Shape


class NotificationShape(Shape):
    id: UUID
    kind: str
    title: str
    body: str
    data: dict[str, str] = Field(description="As a push has it: mostly `type`, `orderId` and `url`.")
    created_at: datetime
    read_at: datetime | None


class NotificationAnswer(Shape):
    notification: NotificationShape


class NotificationsAnswer(Shape):
    notifications: list[NotificationShape]
    total: int
    has_more: bool
    unread: int


class UnreadAnswer(Shape):
    unread: int


def present_notice(row: NoticeRow) -> dict[str, object]:
    """Return one as its owner sees it."""
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "body": row.body,
        "data": row.data,
        "createdAt": row.created_at,
        "readAt": row.read_at,
    }
