"""Facts about deliveries."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class DriverAssigned(Event):
    """The order stands on this driver's list now."""

    name: ClassVar[str] = "delivery.driver_assigned"
    order_id: UUID
    driver_id: UUID
