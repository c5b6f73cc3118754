"""How many rows a list has on all its pages, without counting a long one again for each of them."""

from collections import OrderedDict
from time import monotonic

LONG = 10_000
"""From so many rows on a total is kept; a shorter list is counted each time, and exact."""
LIFETIME = 10.0  # seconds
MOST_ENTRIES = 256


class Totals:
    """Totals of long lists, by statement and values, as this process counted them within `LIFETIME`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def find(self, statement: str, values: tuple[object, ...]) -> int | None:
        total, until = self._kept.get((statement, repr(values)), (None, 0.0))
        return total if until > monotonic() else None

    def keep(self, statement: str, values: tuple[object, ...], total: int) -> None:
        """Keep the total of a long list; a short one is not worth it."""
        if total < LONG:
            return
        key = (statement, repr(values))
        self._kept[key] = (total, monotonic() + LIFETIME)
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_ENTRIES:
            self._kept.popitem(last=False)
