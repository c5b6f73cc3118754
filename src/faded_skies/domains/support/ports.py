"""What support works with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.documents.sealed import SealedFiles
from faded_skies.platform.presence import Presence
from faded_skies.platform.ratelimit import Gate

OwnOrder = Callable[[Tx, Actor, UUID], Awaitable[None]]
"""Looks whether an order is the person's own. Raises Absent. Bootstrap has it from orders, which stand above."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """Which agents are there, and how many open chats each of them may hold."""

    present: frozenset[UUID]
    capacity: int


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that every use case of support needs; bootstrap puts them together.

    A customer's message opens a closed ticket again within `reopens_for`. `messages` limits what a person writes;
    `pictures` is where what they send with it lies.
    """

    db: Database
    presence: Presence
    pictures: SealedFiles
    capacity: int
    reopens_for: timedelta
    messages: Gate
    check_own_order: OwnOrder

    async def staffing(self) -> Staffing:
        """Return who is there now; asked before a transaction."""
        return Staffing(await self.presence.present(), self.capacity)
