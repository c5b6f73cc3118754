"""The life of this process: since when it runs, and whether it is leaving."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Lifecycle:
    """What bootstrap makes and the entry point keeps up to date.

    `is_leaving` is True once the process was asked to end and still serves. `connections` counts what is open to it.
    """

    started: float = field(default_factory=time.monotonic)
    is_leaving: bool = False
    connections: Callable[[], int] = lambda: 0

    def uptime(self) -> float:
        """Return for how many seconds it has run."""
        return time.monotonic() - self.started
