"""A drawer as a value."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from faded_skies.domains.cash import rules
from faded_skies.domains.cash.rules import DrawerStatus
from faded_skies.platform.money import Cents


@dataclass(frozen=True, slots=True)
class Drawer:
    """One driver's cash during one shift. Amounts in cents.

    The driver says `float_cents` and `counted_cents`, handovers add up `collected_cents` net of change, staff says
    `received_cents`. `counted_by`: who of the staff counted in the driver's place, None where the driver did.
    """

    id: UUID
    driver_id: UUID
    driver_first_name: str
    status: DrawerStatus
    float_cents: Cents
    collected_cents: Cents
    counted_cents: Cents | None
    received_cents: Cents | None
    opened_at: datetime
    counted_at: datetime | None
    counted_by: UUID | None
    counted_by_first_name: str | None
    signed_off_by: UUID | None
    signed_off_by_first_name: str | None
    signed_off_at: datetime | None
    note: str | None

    @property
    def expected_cents(self) -> Cents:
        """What should be in it. Never for the driver: their count is blind."""
        return self.float_cents + self.collected_cents

    @property
    def difference_cents(self) -> Cents | None:
        """What staff received too much, below zero what is missing; None before they signed."""
        if self.received_cents is None:
            return None
        return rules.difference(expected=self.expected_cents, received=self.received_cents)
