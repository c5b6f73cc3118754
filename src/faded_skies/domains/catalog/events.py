"""Facts about the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class ImageDeleted(Event):
    """A product's picture has no row any more; `widths` are those of its files."""

    name: ClassVar[str] = "catalog.image_deleted"
    image_id: UUID
    widths: Sequence[int]
