"""Pages of a list: `limit` 1-100 (default 20) and `offset` from 0."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

MOST_ROWS = 100
DEFAULT_ROWS = 20
DEEPEST = 1_000_000

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many rows, 1-100.")]
Offset = Annotated[int, Query(ge=0, le=DEEPEST, description="How many rows to pass over first.")]


def has_more(*, total: int, offset: int, rows: int) -> bool:
    """Tell whether rows remain behind this page."""
    return offset + rows < total


def page(name: str, rows: Sequence[object], *, total: int, offset: int) -> dict[str, Any]:
    """Return a list's answer: the rows of this page under their name, how many there are, whether more follow."""
    return {
        name: rows,
        "total": total,
        "hasMore": has_more(total=total, offset=offset, rows=len(rows)),
    }
