"""What the people of one simulation share: the shop's address, the pace, the orders and the tally."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from faded_skies.demo.road_map import JUNCTIONS
from faded_skies.simulate.tally import Tally

SHOP = JUNCTIONS["Congress at 6th"]
"""Where drivers fetch orders and wait for them."""


class Luck(random.Random):
    """One person's chance."""

    def sometimes(self, share: float) -> bool:
        """Return True in this share of all cases."""
        return self.random() < share


@dataclass(frozen=True, slots=True)
class Plan:
    """What the operator asked for."""

    url: str
    minutes: float
    customers: int
    drivers: int
    orders_per_minute: float
    speed: float
    """How many times faster than real time drivers drive."""
    seed: int
    staff: bool


@dataclass(slots=True)
class Placed:
    """An order of this simulation, with the state that the API last told."""

    id: str
    status: str
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the socket tells of it."""


@dataclass
class Scene:
    plan: Plan
    tally: Tally
    orders: dict[str, Placed] = field(default_factory=dict)
    phase: str = "starting"
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when no more orders come: what is on the road is brought home, and nothing else leaves."""

    def chance(self, name: str) -> Luck:
        """Return a person's own luck, so that one person's choices do not change another's."""
        return Luck(f"{self.plan.seed} {name}")

    @property
    def pause(self) -> float:
        """Mean seconds between two clicks: short enough for half of the customers to do all the ordering."""
        clicks_per_visit = 12
        visits_at_once = self.plan.customers / 2
        return min(0.8, visits_at_once * 60 / (self.plan.orders_per_minute * clicks_per_visit))

    def states(self) -> Counter[str]:
        """Return how many orders are in each state."""
        return Counter(placed.status for placed in self.orders.values())
