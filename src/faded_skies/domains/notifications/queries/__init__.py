"""SQL of messages, devices, the app's list and preferences; one file each."""

from faded_skies.domains.notifications.queries import devices, held, messages, notices, preferences

__all__ = ["devices", "held", "messages", "notices", "preferences"]
