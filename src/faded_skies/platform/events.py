"""Facts that a transaction states, and who hears of them.

An event is a frozen dataclass of ids and values. `tx.emit(event)` turns it into one job for each subscriber,
written by the same transaction, so a commit and its consequences are one thing. Handlers may run twice and
must not mind.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from pydantic import TypeAdapter

from faded_skies.platform.ids import uuid_text


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events. `name` is their stable name on the wire and in dead letters.

    `counted_by` names the field whose closed words (a state, an outcome) are told apart where events are counted.
    `version` and `open_texts` are for who hears of it outside (`platform/outward.py`): a change other than a further
    field is a new version, and of texts only those named leave.
    """

    name: ClassVar[str]
    counted_by: ClassVar[str | None] = None
    version: ClassVar[int] = 1
    open_texts: ClassVar[frozenset[str]] = frozenset()

    @property
    def kind(self) -> str:
        """The word that it is counted by, empty where there is none."""
        return "" if self.counted_by is None else str(getattr(self, self.counted_by))


@dataclass(frozen=True)
class Subscription:
    """One subscriber of one event. `job` is the stable name of the queue's entrypoint.

    A former one is run where its jobs still wait from a release before; no new ones are made. A fleeting one tells who
    is connected: what could not be told for minutes is dropped, as they come back for the state (platform/rooms.py).
    """

    job: str
    event: type[Event]
    handler: Callable[[Any], Awaitable[None]]
    is_former: bool = False
    is_fleeting: bool = False

    def decode(self, payload: bytes) -> Event:
        """Return the event from its payload. Raises pydantic.ValidationError when the shape has changed."""
        return TypeAdapter(self.event).validate_json(payload)


class Bus:
    """Which jobs an event makes; filled once by bootstrap, in every process, from the same table of contents."""

    def __init__(self) -> None:
        self._jobs: dict[type[Event], list[str]] = {}
        # Set by bootstrap where a broker hears of events: writes them within the transaction that states them.
        self.outbox: Callable[[Any, Sequence[Event]], Awaitable[None]] | None = None

    def register(self, subscriptions: Iterable[Subscription]) -> None:
        for subscription in subscriptions:
            if subscription.is_former:
                continue
            self._jobs.setdefault(subscription.event, []).append(subscription.job)

    def jobs_for(self, event: Event) -> list[tuple[str, bytes]]:
        """Return (entrypoint, payload) for each subscriber of the event."""
        names = self._jobs.get(type(event))
        if not names:
            return []
        payload = orjson.dumps(event, default=uuid_text)
        return [(name, payload) for name in names]
