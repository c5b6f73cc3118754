"""Notifications on the wire; one file for each resource."""

from faded_skies.domains.notifications.schemas.devices import DeviceToken, RegisterToken, SuccessShape
from faded_skies.domains.notifications.schemas.messages import (
    SentMessageAnswer,
    SentMessagesAnswer,
    present_message,
)
from faded_skies.domains.notifications.schemas.notices import (
    NotificationAnswer,
    NotificationsAnswer,
    UnreadAnswer,
    present_notice,
)
from faded_skies.domains.notifications.schemas.preferences import (
    ChangePreferences,
    PreferencesAnswer,
    present_preferences,
    quiet_hours_of,
)

__all__ = [
    "ChangePreferences",
    "DeviceToken",
    "NotificationAnswer",
    "NotificationsAnswer",
    "PreferencesAnswer",
    "RegisterToken",
    "SentMessageAnswer",
    "SentMessagesAnswer",
    "SuccessShape",
    "UnreadAnswer",
    "present_message",
    "present_notice",
    "present_preferences",
    "quiet_hours_of",
]
