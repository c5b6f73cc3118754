"""Pages of a list: `limit` 1-100 (default 20) and `offset` from 0."""

from typing import Annotated

from fastapi import Query

MOST_ROWS = 100
DEFAULT_ROWS = 20
DEEPEST = 1_000_000

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many rows, 1-100.")]
Offset = Annotated[int, Query(ge=0, le=DEEPEST, description="How many rows to pass over first.")]


def has_more(*, total: int, offset: int, rows: int) -> bool:
    """Tell whether rows remain behind this page."""
    return offset + rows < total
