"""How messages leave the house. Both may be asked twice for one `message_id` and pass it on."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from faded_skies.domains.notifications.rules import Email, Letter, Push

__all__ = ["Email", "Letter", "Mailer", "Push", "Pusher"]


class Mailer(Protocol):
    async def send(self, message_id: UUID, email: Email) -> None:
        """Send a mail; `message_id` becomes its Message-ID. Raises when it was not accepted."""
        ...


class Pusher(Protocol):
    async def push(self, message_id: UUID, push: Push, *, devices: Sequence[str]) -> Sequence[str]:
        """Push to a person's devices and return the tokens that no longer exist. Raises when not accepted."""
        ...
