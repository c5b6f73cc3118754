"""What every TravelTimes must do: by distance, by OSRM and by Google; then what happens when a vendor fails."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from factories.news import failure_of
from faded_skies.adapters.distances.times import DistanceTimes
from faded_skies.adapters.google_maps import times as google
from faded_skies.adapters.google_maps.opening import open_google_times
from faded_skies.adapters.osrm import times as osrm
from faded_skies.adapters.osrm.times import open_osrm
from faded_skies.domains.delivery.ports import Leg, TravelTimes
from faded_skies.platform.db import Database
from faded_skies.platform.geo import distance_m
from faded_skies.platform.outbound import NetworkInsideTransactionError
from peers import google_routes
from peers import osrm as osrm_peer
from peers.google_routes import GoogleRoutes
from peers.osrm import Osrm
from servers import serving

SHOP, NEAR, FAR = (30.2672, -97.7431), (30.28, -97.75), (30.4, -97.7)
SPEED = 8.0
FAULTS: list[int | str] = [
    *(400, 403, 404, 429),
    *("<html>", "{}", "[]", "7", '{"routes": []}', '{"routes": [{"legs": []}]}', '{"routes": 7}'),
    '{"routes": [{"legs": [{"duration": "soon", "distance": 1}]}]}',
    '{"routes": [{"legs": [{"duration": -1, "distance": 1}]}]}',
    '{"routes": [{"legs": [{"duration": "-1s"}]}]}',
    '{"routes": [{"legs": [{"duration": "1e300s", "distance": 1}]}]}',
    '{"routes": [{"legs": [{"duration": 1e300, "distance": 1}]}]}',
    '{"routes": "' + "x" * 600_000 + '"}',
]


async def _speed() -> float:
    return SPEED


@dataclass
class Times:
    """One adapter, the server behind it, if any, and what it says: its name and its speed in a straight line."""

    port: TravelTimes
    source: str
    speed: float
    peer: Osrm | GoogleRoutes | None = None


DISTANCE = Times(DistanceTimes(_speed), "distance", SPEED)


async def by_osrm(patience: float = 20.0) -> AsyncIterator[Times]:
    peer = Osrm()
    async with (
        serving(peer.asgi) as address,
        open_osrm(f"{address}/", offline=DISTANCE.port, patience=patience) as port,
    ):
        yield Times(port, "osrm", osrm_peer.SPEED_M_S, peer=peer)


async def by_google(patience: float = 20.0, *, key: str = google_routes.KEY) -> AsyncIterator[Times]:
    peer = GoogleRoutes()
    async with (
        serving(peer.asgi) as address,
        open_google_times(key, offline=DISTANCE.port, host=address, patience=patience) as port,
    ):
        yield Times(port, "google", google_routes.SPEED_M_S, peer=peer)


VENDORS = {"osrm": by_osrm, "google": by_google}


@pytest.fixture(params=["osrm", "google"])
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Times]:
    async for times in VENDORS[request.param]():
        yield times


@pytest.fixture(params=["distance", "osrm", "google"])
async def times(request: pytest.FixtureRequest) -> AsyncIterator[Times]:
    if request.param == "distance":
        yield DISTANCE
        return
    async for times in VENDORS[request.param]():
        yield times


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What the adapters log; the tests' own configuration drops warnings."""
    lines: list[dict[str, object]] = []

    def warning(event: str, **told: object) -> None:
        lines.append({"event": event, **told})

    for module in (google, osrm):
        monkeypatch.setattr(module.log, "warning", warning, raising=False)
    return lines


async def test_each_leg_is_told_in_order_and_who_reckoned_it(times: Times) -> None:
    way = await times.port.along([SHOP, NEAR, FAR, FAR])

    metres = [distance_m(*SHOP, *NEAR), distance_m(*NEAR, *FAR), 0.0]
    assert way.source == times.source
    assert [leg.seconds for leg in way.legs] == pytest.approx([one / times.speed for one in metres], abs=1)


async def test_a_drive_is_never_longer_than_a_day() -> None:
    way = await DISTANCE.port.along([(0.0, 0.0), (0.0, 180.0)])
    assert [leg.seconds for leg in way.legs] == [86_400]


@pytest.mark.parametrize("seconds", [-1, 86_401, float("nan"), float("inf")])
def test_what_no_drive_takes_is_no_leg(seconds: float) -> None:
    with pytest.raises(ValueError, match="no drive"):
        Leg(seconds)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault)[:40])
async def test_where_a_vendor_fails_the_distance_answers_and_says_so(
    vendor: Times, fault: int | str, logged: list[dict[str, object]]
) -> None:
    assert vendor.peer is not None
    vendor.peer.faults = [fault]
    points = [SHOP, NEAR, FAR]
    assert await vendor.port.along(points) == await DISTANCE.port.along(points)
    [line] = logged
    assert (line["event"], line["source"]) == ("travel_times_fell_back", vendor.source)
    assert failure_of("routes") == line["why"]
    assert str(line["why"]).replace("_", "").isalnum()
    assert (await vendor.port.along(points)).source == vendor.source
    assert failure_of("routes") is None


@pytest.mark.parametrize("name", ["osrm", "google"])
async def test_a_vendor_that_hangs_is_not_waited_for(name: str, logged: list[dict[str, object]]) -> None:
    async for times in VENDORS[name](0.05):
        assert times.peer is not None
        times.peer.faults = ["hang"] * 2
        assert (await times.port.along([SHOP, NEAR])).source == "distance"
        assert [line["why"] for line in logged] == ["TimeoutError"]


async def test_a_server_that_is_not_there(logged: list[dict[str, object]]) -> None:
    async with open_osrm("http://127.0.0.1:9", offline=DISTANCE.port) as port:
        assert (await port.along([SHOP, NEAR])).source == "distance"
    assert [line["why"] for line in logged] == ["ConnectError"]
    assert failure_of("routes") == "ConnectError"


async def test_google_is_asked_again_after_a_server_s_error() -> None:
    async for times in by_google():
        assert times.peer is not None
        times.peer.faults = [503]
        assert (await times.port.along([SHOP, NEAR])).source == "google"
        times.peer.faults = [503, 503]
        assert (await times.port.along([SHOP, NEAR])).source == "distance"


async def test_a_key_that_google_refuses(logged: list[dict[str, object]]) -> None:
    async for times in by_google(key="AIzaSy-another"):
        assert (await times.port.along([SHOP, NEAR])).source == "distance"
    assert [line["why"] for line in logged] == ["http_400"]
    assert "AIza" not in str(logged)


@pytest.mark.parametrize(("points", "questions"), [(27, [25]), (28, [25, 0]), (60, [25, 25, 6])])
async def test_long_ways_are_asked_of_google_in_parts(points: int, questions: list[int]) -> None:
    async for times in by_google():
        assert isinstance(times.peer, GoogleRoutes)
        way = await times.port.along([(30 + n / 100, -97.7) for n in range(points)])
        assert way.source == "google"
        assert len(way.legs) == points - 1
        assert [len(asked.intermediates) for asked in times.peer.asked] == questions


async def test_vendors_are_not_asked_inside_a_transaction(vendor: Times, db: Database) -> None:
    with pytest.raises(NetworkInsideTransactionError):
        async with db.transaction():
            await vendor.port.along([SHOP, NEAR])
