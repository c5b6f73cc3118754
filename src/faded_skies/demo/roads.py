"""How a car drives over the demo's road map: the way it takes, and where it is along it."""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from faded_skies.demo.road_map import JUNCTIONS, ROADS, Point
from faded_skies.platform.geo import bearing_deg, distance_m

ACCESS_KMH = 30
"""Speed on the last stretch between a door and its nearest junction."""


class Position(NamedTuple):
    """Where a car is: degrees, compass degrees (0 ≤ heading < 360), metres per second."""

    lat: float
    lng: float
    heading: float
    speed: float


def _metres(a: Point, b: Point) -> float:
    return distance_m(*a, *b)


def _edges() -> dict[Point, dict[Point, int]]:
    """Speed in km/h from each junction to each of its neighbours."""
    edges: dict[Point, dict[Point, int]] = defaultdict(dict)
    for road in ROADS:
        for a, b in pairwise(JUNCTIONS[name] for name in road.junctions):
            edges[a][b] = edges[b][a] = road.speed_kmh
    return dict(edges)


_EDGES = _edges()


def speed_mps(a: Point, b: Point) -> float:
    """Driving speed in metres per second between two points of a route that follow each other."""
    return _EDGES.get(a, {}).get(b, ACCESS_KMH) / 3.6


def nearest(lat: float, lng: float) -> Point:
    """The junction closest to a place as the crow flies."""
    return min(_EDGES, key=lambda junction: distance_m(lat, lng, *junction))


def route(a: Point, b: Point) -> list[Point]:
    """The quickest way by road from `a` to `b`, both included (Dijkstra, by driving time)."""
    start, goal = nearest(*a), nearest(*b)
    # Two doors at one junction are joined directly, not by way of it.
    junctions = _quickest(start, goal) if start != goal else []
    path = [a, *junctions, b]
    return [path[0], *(point for before, point in pairwise(path) if point != before)]


def _quickest(start: Point, goal: Point) -> list[Point]:
    came_from: dict[Point, Point] = {}
    seconds = {start: 0.0}
    frontier = [(0.0, start)]
    while frontier:
        elapsed, here = heapq.heappop(frontier)
        if here == goal:
            break
        for neighbour in _EDGES[here]:
            arrival = elapsed + _metres(here, neighbour) / speed_mps(here, neighbour)
            if arrival < seconds.get(neighbour, float("inf")):
                seconds[neighbour] = arrival
                came_from[neighbour] = here
                heapq.heappush(frontier, (arrival, neighbour))
    path = [goal]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


def drive(path: Sequence[Point], every: float) -> Iterator[Position]:
    """The car's position at the start, after each `every` seconds, and standing still at the end.

    Raises ValueError for an empty path or a step that is not positive.
    """
    if not path or every <= 0:
        raise ValueError("A drive needs at least one point and a positive time between positions.")
    heading = 0.0
    until_next = 0.0
    for a, b in pairwise(path):
        heading, speed = bearing_deg(*a, *b), speed_mps(a, b)
        duration = _metres(a, b) / speed
        while until_next < duration:
            done = until_next / duration
            yield Position(a.lat + (b.lat - a.lat) * done, a.lng + (b.lng - a.lng) * done, heading, speed)
            until_next += every
        until_next -= duration
    yield Position(*path[-1], heading, 0.0)
