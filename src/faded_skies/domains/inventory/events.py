"""Facts about lots, for the state's track and trace."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class LotReceived(Event):
    """A package arrived with so many units."""

    name: ClassVar[str] = "inventory.lot_received"
    open_texts: ClassVar[frozenset[str]] = frozenset({"tag"})
    lot_id: UUID
    product_id: UUID
    tag: str
    quantity: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LotAdjusted(Event):
    """Units of a lot were found, lost or destroyed; `change` says how many, `reason` is adjusted or destroyed."""

    name: ClassVar[str] = "inventory.lot_adjusted"
    open_texts: ClassVar[frozenset[str]] = frozenset({"reason", "tag"})
    lot_id: UUID
    product_id: UUID
    tag: str
    change: int
    reason: str
    note: str
    at: datetime
