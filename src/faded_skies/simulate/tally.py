"""What happened: counts, refusals, latencies and what nobody can explain. Its size does not grow with the run."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_FAILURES = 50
"""Failures kept in full; all are counted."""

MOST_SAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that must not happen. No field holds personal data or a token."""

    what: str
    call: str
    """Method and route, or the socket event."""
    status: int | None = None
    request_id: str | None = None
    excerpt: str = ""


class Percentiles(NamedTuple):
    """Milliseconds."""

    times: int
    p50: float
    p95: float
    p99: float
    longest: float


class Latencies:
    """An even sample of all latencies of one call (reservoir sampling, Vitter's algorithm R)."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._samples: list[float] = []
        self._count = 0
        self._longest = 0.0

    def add(self, ms: float) -> None:
        self._count += 1
        self._longest = max(self._longest, ms)
        if len(self._samples) < MOST_SAMPLES:
            self._samples.append(ms)
            return
        place = self._chance.randrange(self._count)
        if place < MOST_SAMPLES:
            self._samples[place] = ms

    def percentiles(self) -> Percentiles:
        """Return the percentiles of the sample (nearest rank); raises ValueError before the first one."""
        if not self._samples:
            raise ValueError("Nothing was measured yet.")
        ordered = sorted(self._samples)

        def at(percent: int) -> float:
            return ordered[-(-percent * len(ordered) // 100) - 1]

        return Percentiles(self._count, at(50), at(95), at(99), self._longest)


@dataclass
class Tally:
    """Everything that is counted, by all people of one simulation."""

    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(code, call) of every explained refusal."""
    events: Counter[str] = field(default_factory=Counter)
    """Socket events seen, by name."""
    failures: list[Failure] = field(default_factory=list)
    failed: int = 0
    _latencies: dict[str, Latencies] = field(default_factory=dict)

    def measured(self, call: str, ms: float) -> None:
        if call not in self._latencies:
            self._latencies[call] = Latencies(self.chance)
        self._latencies[call].add(ms)

    def fail(self, failure: Failure) -> None:
        self.failed += 1
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(failure)

    def latencies(self) -> dict[str, Percentiles]:
        """Return the percentiles by call, the most frequent call first."""
        found = {call: latencies.percentiles() for call, latencies in self._latencies.items()}
        return dict(sorted(found.items(), key=lambda item: (-item[1].times, item[0])))

    def refused(self) -> dict[str, dict[str, int]]:
        """Return how often each code was answered, by call."""
        by_code: dict[str, dict[str, int]] = defaultdict(dict)
        for (code, call), count in sorted(self.refusals.items()):
            by_code[code][call] = count
        return dict(by_code)
