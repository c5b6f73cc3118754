"""Typed rows of messages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from faded_skies.domains.notifications.rules import Channel, Letter, Push, QuietHours, Topic

MessageState = Literal["queued", "delayed", "sent", "failed", "dropped"]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits to be sent, and the devices of the person that do not have it yet.

    `is_reached`: another device has it. `attempts` is how often sending it was delayed, `good_until` when its words
    stop being true, `barred` why it must not go any more.
    """

    id: UUID
    user_id: UUID | None
    kind: str
    content: Letter | Push
    attempts: int
    created_at: datetime
    good_until: datetime | None
    devices: list[str]
    is_reached: bool
    barred: str | None

    @property
    def channel(self) -> Channel:
        return Channel.EMAIL if isinstance(self.content, Letter) else Channel.PUSH


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message as staff see it: what became of it, and none of its words but the subject."""

    id: UUID
    user_id: UUID | None
    channel: Channel
    kind: str
    subject: str | None
    state: MessageState
    reason: str | None
    attempts: int
    next_try_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A message in the app's own list."""

    id: UUID
    kind: str
    title: str
    body: str
    data: dict[str, str]
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Consent:
    """That somebody agreed to promotions: when, and where."""

    given_at: datetime
    given_by: str


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person chose; `quiet` is None where they have not chosen their own hours."""

    enabled: dict[tuple[Topic, Channel], bool]
    consent: Consent | None
    quiet: QuietHours | None
