"""Facts about promotions."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class PromotionStarted(Event):
    """A promotion may be sent from now on."""

    name: ClassVar[str] = "promotions.started"
    promotion_id: UUID
