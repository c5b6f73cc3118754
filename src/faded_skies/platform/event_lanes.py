"""Lanes of events out: what is told in order, and which lanes stand while a queue refuses their next event (ADR 34)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

MOST_LANES = 2_000
"""How many lanes are remembered as refused. With more, all telling slows down to the pauses of what is refused."""


@dataclass
class _Refused:
    """Of one name: when it may be tried again, and the lanes whose next event has it, longest untried first."""

    pause: float = 0.0
    until: float = 0.0
    lanes: dict[str, None] = field(default_factory=dict)


class Refusals:
    """Which lanes stand because a queue refuses their next event, and for how long.

    Whether there is room depends on the event's name, by which queues are bound. So one lane of a name tries again
    when the name's pause is over, and the others go on when it got through: each try is a repetition for the queues
    that do have room.
    """

    def __init__(self, *, first_pause: float, longest_pause: float) -> None:
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._names: dict[str, _Refused] = {}

    def standing(self, now: float) -> list[str]:
        """Return the lanes to leave alone: of a name whose pause is over all but the next to try."""
        return [
            lane
            for refused in self._names.values()
            for place, lane in enumerate(refused.lanes)
            if place > 0 or refused.until > now
        ]

    def forget_emptied(self, now: float, waiting: Collection[str]) -> None:
        """Let the lanes of a name go on where the next to try has nothing that waits: somebody else told or took it."""
        for name, refused in list(self._names.items()):
            if refused.until <= now and next(iter(refused.lanes), None) not in waiting:
                del self._names[name]

    def note(self, now: float, *, told: Iterable[tuple[str, str]], refused: Mapping[str, str]) -> float:
        """Note lanes and names that were told, and by lane the name that was refused.

        Returns for how long everybody has to wait: 0.0 unless there are too many lanes to tell apart.
        """
        got_through = set()
        for lane, name in told:
            got_through.add(name)
            if name in self._names:
                self._names[name].lanes.pop(lane, None)
        for name in got_through.difference(refused.values()):
            self._names.pop(name, None)
        for name in dict.fromkeys(refused.values()):
            one = self._names.setdefault(name, _Refused())
            one.pause = (
                self._first_pause
                if name in got_through or not one.pause
                else min(one.pause * 2, self._longest_pause)
            )
            one.until = now + one.pause
        return max((self._stand(lane, name) for lane, name in refused.items()), default=0.0)

    def _stand(self, lane: str, name: str) -> float:
        """Let a lane stand, behind the others of its name; returns the pause if there is no place for it."""
        one = self._names[name]
        one.lanes.pop(lane, None)
        if sum(len(refused.lanes) for refused in self._names.values()) >= MOST_LANES:
            return one.pause
        one.lanes[lane] = None
        return 0.0
