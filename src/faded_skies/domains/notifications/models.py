"""Typed rows of messages."""

from dataclasses import dataclass
from uuid import UUID

from faded_skies.domains.notifications.rules import Letter, Push


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits to be sent, and the devices of the person it is for."""

    id: UUID
    content: Letter | Push
    devices: list[str]
