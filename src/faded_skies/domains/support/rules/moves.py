"""The states of a chat, and the one table of its moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from faded_skies.domains.support.errors import TicketClosed, TicketOpen, TicketTaken
from faded_skies.platform.errors import InvalidState


class ChatStatus(StrEnum):
    """Waiting in the queue, active with an agent, or ended."""

    WAITING = "waiting"
    ACTIVE = "active"
    ENDED = "ended"


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Party(StrEnum):
    """Who speaks: the customer, or somebody of the staff."""

    USER = "user"
    AGENT = "agent"

    @property
    def other(self) -> "Party":
        return Party.AGENT if self is Party.USER else Party.USER


class Move(StrEnum):
    """What may happen to a chat; the values are the audit log's words."""

    ASSIGN = "assigned"
    TAKE = "taken"
    TRANSFER = "transferred"
    REQUEUE = "requeued"
    CLOSE = "closed"
    RESUME = "resumed"
    REOPEN = "reopened"


@dataclass(frozen=True, slots=True)
class Way:
    """From which states a move leads to which; what it is called when it does not."""

    since: frozenset[ChatStatus]
    to: ChatStatus
    refusal: type[InvalidState]


_OPEN = frozenset({ChatStatus.WAITING, ChatStatus.ACTIVE})

MOVES: Mapping[Move, Way] = {
    Move.ASSIGN: Way(frozenset({ChatStatus.WAITING}), ChatStatus.ACTIVE, TicketTaken),
    Move.TAKE: Way(frozenset({ChatStatus.WAITING}), ChatStatus.ACTIVE, TicketTaken),
    Move.TRANSFER: Way(_OPEN, ChatStatus.ACTIVE, TicketClosed),
    Move.REQUEUE: Way(frozenset({ChatStatus.ACTIVE}), ChatStatus.WAITING, TicketClosed),
    Move.CLOSE: Way(_OPEN, ChatStatus.ENDED, TicketClosed),
    # By the customer, who writes again: an agent is found as for a new one. By an agent: it is theirs.
    Move.RESUME: Way(frozenset({ChatStatus.ENDED}), ChatStatus.WAITING, TicketOpen),
    Move.REOPEN: Way(frozenset({ChatStatus.ENDED}), ChatStatus.ACTIVE, TicketOpen),
}


def check_move(status: ChatStatus, move: Move) -> ChatStatus:
    """Return where the move leads from here. Raises TicketTaken, TicketClosed or TicketOpen."""
    way = MOVES[move]
    if status in way.since:
        return way.to
    raise TicketClosed if status is ChatStatus.ENDED else way.refusal


def may_resume(closed_at: datetime, *, now: datetime, within: timedelta) -> bool:
    """Tell whether a customer's message still opens what was closed then."""
    return now - closed_at <= within
