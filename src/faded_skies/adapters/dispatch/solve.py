"""Plans ways with PyVRP: a problem on stdin, the ways on stdout, both JSON. Run as a program by `batches`.

Everything is seconds. A way costs its driving; an order that comes after it was promised costs half an hour more, one
that comes in the second half of the time until then ten minutes, one that is taken from the driver it was offered to
five minutes, and one that is left out more than any driving saves.
Places are joined by straight lines at one speed.
"""

import resource
import sys
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from pyvrp import Client, ClientGroup, Depot, Location, ProblemData, Solution, VehicleType, solve
from pyvrp.stop import MaxRuntime, MultipleCriteria, NoImprovement

from faded_skies.platform.geo import EARTH_RADIUS_M

_LATE, _SLOW, _MOVED, _LEFT_OUT, _LEFT_BEHIND = 1_800, 600, 300, 1_000_000, 10_000_000
_NEVER = 1_000_000
"""A drive that keeps no window: to a door that is not this driver's."""

_NO_LIMIT = 10**12
_PATIENCE = 2_000
"""Steps without a better plan after which the search ends."""

_CPU_SECONDS = 15

Seconds = NDArray[Any]


def drives(places: list[tuple[float, float]], speed: float) -> Seconds:
    """Return how long each drive takes between places in degrees (haversine)."""
    lat, lng = np.radians(np.array(places)).T
    north = np.sin((lat[:, None] - lat) / 2) ** 2
    east = np.cos(lat[:, None]) * np.cos(lat) * np.sin((lng[:, None] - lng) / 2) ** 2
    metres = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(1.0, north + east)))
    whole: Seconds = np.rint(metres / speed).astype(np.int64)
    return whole


def ways(problem: dict[str, Any]) -> list[tuple[int, list[int]]]:
    """Return for each vehicle that is used its number and its orders' numbers, door by door."""
    orders, vehicles = problem["orders"], problem["vehicles"]
    between = drives([problem["shop"], *(one["place"] for one in orders)], problem["speed"])
    clients, groups, order_of = _clients(orders, problem["door"])
    costs, durations, profile_of = _profiles(between, orders, len(vehicles))
    usable = [number for number, one in enumerate(vehicles) if one["back"] > one["ready"]]
    if not usable:
        return []
    data = ProblemData(
        [Location(place, place) for place in range(len(orders) + 1)],
        clients,
        [Depot(0)],
        [
            VehicleType(
                capacity=[_NO_LIMIT if most is None else most for most in vehicles[number]["room"]],
                tw_early=vehicles[number]["ready"],
                tw_late=vehicles[number]["back"],
                profile=profile_of[number],
            )
            for number in usable
        ],
        costs,
        durations,
        groups,
    )
    stop = MultipleCriteria([MaxRuntime(problem["longest"]), NoImprovement(_PATIENCE)])
    best: Solution = solve(data, stop=stop, seed=1, collect_stats=False, display=False).best
    return [
        (usable[way.vehicle_type()], [order_of[one.idx] for one in way.schedule() if one.is_client()])
        for way in best.routes()
    ]


def _clients(orders: list[dict[str, Any]], door: int) -> tuple[list[Client], list[ClientGroup], list[int]]:
    """Return clients for each order, soon, in time and late, of which one is visited; and whose they are."""
    clients: list[Client] = []
    groups: list[ClientGroup] = []
    order_of: list[int] = []
    for number, one in enumerate(orders):
        prize = _LEFT_OUT if one["held_by"] is None else _LEFT_BEHIND
        windows = [
            (one["closes"], prize),
            (min(one["due"], one["closes"]), prize + _LATE),
            (min(one["due"] // 2, one["closes"]), prize + _LATE + _SLOW),
        ]
        windows = [(latest, worth) for latest, worth in windows if latest > one["opens"]]
        if not windows:
            continue
        members = []
        for latest, worth in windows:
            members.append(len(clients))
            order_of.append(number)
            clients.append(
                Client(
                    location=number + 1,
                    delivery=list(one["load"]),
                    service_duration=door,
                    tw_early=one["opens"],
                    tw_late=latest,
                    prize=worth,
                    required=False,
                    group=len(groups),
                )
            )
        groups.append(ClientGroup(members, required=False))
    return clients, groups, order_of


def _profiles(
    between: Seconds, orders: list[dict[str, Any]], vehicles: int
) -> tuple[list[Any], list[Any], list[int]]:
    """Return costs and durations of drives (Seconds) as vehicles see them, and which of them each vehicle has."""
    known: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    costs: list[Seconds] = []
    durations: list[Seconds] = []
    profile_of = []
    for vehicle in range(vehicles):
        barred = tuple(
            place
            for place, one in enumerate(orders, start=1)
            if vehicle in one["not_to"] or one["held_by"] not in (None, vehicle)
        )
        moved = tuple(
            place for place, one in enumerate(orders, start=1) if one["offered_to"] not in (None, vehicle)
        )
        if (barred, moved) not in known:
            known[barred, moved] = len(costs)
            cost, duration = between.copy(), between.copy()
            cost[:, list(moved)] += _MOVED
            cost[:, list(barred)] = duration[:, list(barred)] = _NEVER
            for matrix in (cost, duration):
                np.fill_diagonal(matrix, 0)
            costs.append(cost)
            durations.append(duration)
        profile_of.append(known[barred, moved])
    return costs, durations, profile_of


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    sys.stdout.buffer.write(orjson.dumps(ways(orjson.loads(sys.stdin.buffer.read()))))
