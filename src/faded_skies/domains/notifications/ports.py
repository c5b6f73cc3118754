"""How messages leave the house. Each may be asked twice for one `message_id` and passes it on.

A channel of another kind (a text message, where a carrier takes this trade) is a third protocol beside these two, a
value of `Channel`, and a branch in `service/sending.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from faded_skies.domains.notifications.rules import Email, Letter, Push, QuietHours

__all__ = [
    "Delayed",
    "Email",
    "Letter",
    "Mailer",
    "Push",
    "PushReport",
    "Pusher",
    "QuietHours",
    "Undeliverable",
]


class Delayed(Exception):
    """It could not be sent now and may be later, or it is not known whether it was; the text says why."""


class Undeliverable(Exception):
    """It will never be taken: not this message, or not for this address; the text says why."""


class Mailer(Protocol):
    async def send(self, message_id: UUID, email: Email) -> None:
        """Send a mail; `message_id` becomes its Message-ID. Raises Delayed or Undeliverable."""
        ...


@dataclass(frozen=True, slots=True)
class PushReport:
    """What became of a push on each device: reached, gone for good, or to be tried again (`delayed`, with the reason).

    `refused` is why none of the others will ever take this message, `retry_after` how long the service asks us to wait.
    """

    reached: Sequence[str] = ()
    gone: Sequence[str] = ()
    delayed: Sequence[str] = ()
    reason: str | None = None
    refused: str | None = None
    retry_after: timedelta | None = None


class Pusher(Protocol):
    async def push(
        self, message_id: UUID, push: Push, *, devices: Sequence[str], good_until: datetime | None = None
    ) -> PushReport:
        """Push to a person's devices and report of each; a phone that is off does not get it after `good_until`.

        Raises Delayed when none was reached for a common reason.
        """
        ...
