"""Facts about messages."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class MessageQueued(Event):
    """A message waits to be sent."""

    name: ClassVar[str] = "notifications.message_queued"

    message_id: UUID
