"""Who else counts visits and purchases, and how they are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from faded_skies.domains.analytics.rules import Scalar

VendorName = Literal["google_analytics", "mixpanel"]


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as a vendor may hear it: `subject` is a digest that only this vendor has, `id` the same each time."""

    id: UUID
    subject: str
    name: str
    properties: Mapping[str, Scalar]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """The vendor has them, but those that it will never take: by their place, with the reason."""

    refused: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class NotNow:
    """The vendor has none of them and may take them later; not before `after`, where it says so."""

    why: str
    after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Unsure:
    """It is not known whether the vendor has them."""

    why: str


Outcome: TypeAlias = Taken | NotNow | Unsure


class Vendor(Protocol):
    """A service that counts. `tells_repetitions`: it counts an event once, however often it is told.

    `most_events` go in one call, those of one subject only where `one_subject`; none that is older than `oldest`.
    """

    @property
    def name(self) -> VendorName: ...
    @property
    def most_events(self) -> int: ...
    @property
    def one_subject(self) -> bool: ...
    @property
    def tells_repetitions(self) -> bool: ...
    @property
    def oldest(self) -> timedelta: ...

    async def tell(self, facts: Sequence[Fact]) -> Outcome:
        """Tell the vendor; never raises for what the vendor does."""
        ...


@dataclass(frozen=True)
class Vendors:
    """Those that the operator has set keys for."""

    all: tuple[Vendor, ...] = ()

    @property
    def names(self) -> tuple[VendorName, ...]:
        return tuple(vendor.name for vendor in self.all)
