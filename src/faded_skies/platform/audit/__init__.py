"""The audit log: who did what to which thing, from where. Append-only; written by the transaction it describes."""

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Origin:
    """Where the present request comes from; empty in jobs and commands."""

    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


NOWHERE = Origin()

origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


@dataclass(frozen=True)
class Entry:
    """One line of the log. `actor_id` is None for the system itself; `details` never holds personal data.

    `reason` is what the person gave as their reason, in their words.
    """

    action: str
    object_type: str
    object_id: UUID | None
    actor_id: UUID | None
    reason: str | None
    details: dict[str, object]
