"""What every geocoder and address finder must do, offline and at Google's; then what only Google's can get wrong."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from factories.news import failure_of
from faded_skies.adapters.google_maps import finder, geocoder
from faded_skies.adapters.google_maps.opening import Hosts, open_google
from faded_skies.adapters.zipcodes.finder import OWN, ZipcodeFinder
from faded_skies.adapters.zipcodes.geocoder import ZipcodeGeocoder
from faded_skies.adapters.zipcodes.table import ZipTable
from faded_skies.domains.places import service
from faded_skies.domains.places.ports import AddressFinder, Geocoder, Place
from faded_skies.domains.places.service import Pin
from faded_skies.platform.db import Database
from faded_skies.platform.errors import Refused, Unavailable
from faded_skies.platform.outbound import NetworkInsideTransactionError
from peers.google_maps import HILLS, HOME, INTERPOLATED, KEY, Fault, GoogleMaps, Known
from servers import serving

AUSTIN = (30.2672, -97.7431)
FAULTS: list[Fault] = [
    *(429, 403, 400, 404, "not json", "a list", "long", "another shape"),
    *("OVER_QUERY_LIMIT", "OVER_DAILY_LIMIT", "REQUEST_DENIED", "INVALID_REQUEST"),
]
"""What ends a question at once; 5xx and UNKNOWN_ERROR are asked again."""


@dataclass
class Maps:
    """Both ports of one adapter, and the server behind it, if any."""

    geocoder: Geocoder
    finder: AddressFinder
    peer: GoogleMaps | None = None


TABLE = ZipTable()
OFFLINE = Maps(ZipcodeGeocoder(TABLE), ZipcodeFinder(TABLE))


async def connected(peer: GoogleMaps, *, key: str = KEY, patience: float = 20.0) -> AsyncIterator[Maps]:
    async with serving(peer.asgi) as address:
        hosts = Hosts(geocoding=address, places=address)
        async with open_google(
            key,
            geocoder=OFFLINE.geocoder,
            finder=OFFLINE.finder,
            own=OWN,
            hosts=hosts,
            patience=patience,
        ) as opened:
            yield Maps(*opened, peer)


@pytest.fixture
async def google() -> AsyncIterator[Maps]:
    async for maps in connected(GoogleMaps()):
        yield maps


@pytest.fixture(params=["offline", "google"])
def maps(request: pytest.FixtureRequest) -> Maps:
    if request.param == "offline":
        return OFFLINE
    found: Maps = request.getfixturevalue("google")
    return found


def place_of(house: Known, **changes: str) -> Place:
    said = {"line1": house.line1, "city": "Austin", "state": "TX", "zip_code": house.zip_code, **changes}
    return Place(said["line1"], "Unit 4", said["city"], said["state"], said["zip_code"])


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What the adapters log; the tests' own configuration drops warnings."""
    lines: list[dict[str, object]] = []

    def warning(event: str, **told: object) -> None:
        lines.append({"event": event, **told})

    for module in (geocoder, finder):
        monkeypatch.setattr(module.log, "warning", warning, raising=False)
    return lines


async def asked(maps: Maps) -> list[str]:
    assert maps.peer is not None
    return [name for name, _ in maps.peer.asked]


async def test_an_address_is_located_and_says_how_exactly(maps: Maps) -> None:
    position = await service.locate(maps.geocoder, place_of(HOME), None)

    assert position.precision == ("rooftop" if maps.peer else "zip")
    assert abs(position.latitude - HOME.latitude) < 0.02
    assert abs(position.longitude - HOME.longitude) < 0.02
    assert "2417 Kinney Ave" in position.formatted_address


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"zip_code": "00000", "line1": "1 Nowhere St"}, "zipCode"),
        ({"city": "Dallas"}, "zipCode"),
        ({"state": "OK"}, "zipCode"),
        ({"city": "Austinville"}, "zipCode"),
    ],
)
async def test_what_does_not_fit_is_refused(maps: Maps, changes: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as refused:
        await service.locate(maps.geocoder, place_of(HOME, **changes), None)

    details = refused.value.facts["details"]
    assert isinstance(details, list)
    assert [one["field"] for one in details] == [field]


async def test_the_post_office_s_name_of_a_town_is_as_good(maps: Maps) -> None:
    for city in ("Austin", "West Lake Hills"):
        position = await service.locate(maps.geocoder, place_of(HILLS, city=city), None)
        assert position.latitude == pytest.approx(HILLS.latitude, abs=0.02)


@pytest.mark.parametrize("typed", ["2417 Kinney Ave, Aus", "2417 Kinney Ave, Austin, TX 787"])
async def test_an_address_is_completed_and_found(maps: Maps, typed: str) -> None:
    suggested = await maps.finder.suggest(typed, near=AUSTIN, session="a-session")
    found = await maps.finder.find(suggested[0].place_id, session="a-session")

    assert 1 <= len(suggested) <= 8
    assert len({one.place_id for one in suggested}) == len(suggested)
    assert all(one.description.startswith("2417 Kinney Ave, Austin, TX 787") for one in suggested)
    assert found is not None
    assert (found.address_line1, found.city, found.state) == ("2417 Kinney Ave", "Austin", "TX")
    assert found.zip_code.startswith("787")
    assert found.precision == ("street" if maps.peer else "zip")
    assert found.formatted_address.startswith(suggested[0].description.removesuffix(", USA"))


async def test_nothing_is_like_nonsense(maps: Maps) -> None:
    assert await maps.finder.suggest("qqqq zzzz", near=AUSTIN, session=None) == []


@pytest.mark.parametrize(
    "place_id", ["x", "ChIJ-unknown", "zip.", "zip.AAAA", "zip.W10", "zip.é", "../x", "a/b?c"]
)
async def test_an_unknown_id_leads_nowhere(maps: Maps, place_id: str) -> None:
    assert await maps.finder.find(place_id, session=None) is None


async def test_nothing_is_asked_inside_a_transaction(maps: Maps, db: Database) -> None:
    async with db.transaction():
        with pytest.raises(NetworkInsideTransactionError):
            await maps.geocoder.locate(place_of(HOME))
        with pytest.raises(NetworkInsideTransactionError):
            await maps.finder.suggest("2417 Kinney", near=None, session=None)
        with pytest.raises(NetworkInsideTransactionError):
            await maps.finder.find("ChIJ-home", session=None)
    if maps.peer:
        assert maps.peer.asked == []


async def test_a_reckoned_number_is_of_the_street(google: Maps) -> None:
    located = await google.geocoder.locate(place_of(INTERPOLATED))

    assert located is not None
    assert (located.precision, located.zip_code, located.street_known) == ("street", "78751", True)


@pytest.mark.parametrize(
    ("line1", "like"),
    [
        ("9999 Kinney Ave", "; the nearest it has is Kinney Ave, Austin, TX 78704, USA"),
        ("2417 Kinny Ave", "; the nearest it has is 2417 Kinney Ave, Austin, TX 78704, USA"),
        ("1 Brand New Rd", ""),
    ],
)
async def test_an_unknown_street_needs_a_pin(google: Maps, line1: str, like: str) -> None:
    place = place_of(HOME, line1=line1)

    with pytest.raises(Refused) as refused:
        await service.locate(google.geocoder, place, None)
    pinned = await service.locate(google.geocoder, place, Pin(30.25, -97.77))

    assert str(refused.value) == (
        f"The map does not know this street{like}. Correct the address, or set a pin where it is."
    )
    assert (pinned.latitude, pinned.precision) == (30.25, "pin")
    assert pinned.formatted_address == f"{line1} Unit 4, Austin, TX 78704"


async def test_a_street_at_another_zip_code_is_refused(google: Maps) -> None:
    with pytest.raises(Refused, match="The map has this street at ZIP code 78704"):
        await service.locate(google.geocoder, place_of(HOME, zip_code="78751"), None)


@pytest.mark.parametrize(
    ("house", "degrees", "near"),
    [
        (HOME, 0.0044, True),
        (HOME, 0.0046, False),
        (INTERPOLATED, 0.0179, True),
        (INTERPOLATED, 0.0181, False),
    ],
)
async def test_a_pin_must_be_the_nearer_the_better_the_map_knows(
    google: Maps, house: Known, degrees: float, near: bool
) -> None:
    pin = Pin(house.latitude + degrees, house.longitude)
    if near:
        assert (await service.locate(google.geocoder, place_of(house), pin)).precision == "pin"
    else:
        with pytest.raises(Refused, match="miles away from the address"):
            await service.locate(google.geocoder, place_of(house), pin)


@pytest.mark.parametrize("fault", FAULTS)
async def test_when_google_fails_the_zip_code_stands_in(
    google: Maps, fault: Fault, logged: list[dict[str, object]]
) -> None:
    assert google.peer
    google.peer.faults = [fault]

    position = await service.locate(google.geocoder, place_of(HOME), None)

    assert (position.latitude, position.precision) == (30.2428, "zip")
    assert [line["event"] for line in logged] == ["geocoding_fell_back"]
    assert failure_of("maps") == logged[0]["why"]
    assert KEY not in repr(logged)
    assert "Kinney" not in repr(logged)
    assert await asked(google) == ["geocode"]


@pytest.mark.parametrize("fault", [500, 503, "UNKNOWN_ERROR"])
async def test_a_passing_failure_is_asked_again_once(google: Maps, fault: Fault) -> None:
    assert google.peer
    google.peer.faults = [fault]
    again = await google.geocoder.locate(place_of(HOME))
    assert failure_of("maps") is None
    google.peer.faults = [fault, fault]
    given_up = await google.geocoder.locate(place_of(HOME))

    assert (again and again.precision, given_up and given_up.precision) == ("rooftop", "zip")
    assert await asked(google) == ["geocode"] * 4


@pytest.mark.parametrize("fault", [*FAULTS[:8], 500])
async def test_when_google_fails_suggestions_come_from_here(
    google: Maps, fault: Fault, logged: list[dict[str, object]]
) -> None:
    assert google.peer
    google.peer.faults = [fault, fault] if fault == 500 else [fault]

    suggested = await google.finder.suggest("2417 Kinney Ave, Aus", near=AUSTIN, session=None)

    assert suggested[0].place_id.startswith(OWN)
    assert [line["event"] for line in logged] == ["autocomplete_fell_back"]
    google.peer.faults = [500, 500]
    assert await google.finder.find(suggested[0].place_id, session=None)


@pytest.mark.parametrize("fault", [429, 403, 500, "not json", "long"])
async def test_a_place_that_google_does_not_tell_now_is_not_absent(google: Maps, fault: Fault) -> None:
    assert google.peer
    google.peer.faults = [fault, fault] if fault == 500 else [fault]
    with pytest.raises(Unavailable):
        await google.finder.find(HOME.id, session=None)


async def test_an_address_abroad_is_none(google: Maps) -> None:
    assert await google.finder.find("ChIJ-elsewhere", session=None) is None


async def test_a_wrong_key_is_no_reason_to_fail() -> None:
    async for maps in connected(GoogleMaps(), key="AIza-another"):
        located = await maps.geocoder.locate(place_of(HOME))
        suggested = await maps.finder.suggest("2417 Kinney Ave, Aus", near=AUSTIN, session=None)
        with pytest.raises(Unavailable):
            await maps.finder.find(HOME.id, session=None)

        assert located is not None
        assert located.precision == "zip"
        assert suggested[0].place_id.startswith(OWN)


async def test_a_silent_google_is_not_waited_for() -> None:
    async for maps in connected(GoogleMaps(faults=["hang", "hang"]), patience=0.2):
        located = await maps.geocoder.locate(place_of(HOME))
        suggested = await maps.finder.suggest("2417 Kinney Ave, Aus", near=AUSTIN, session=None)

        assert located is not None
        assert located.precision == "zip"
        assert suggested[0].place_id.startswith(OWN)


async def test_a_google_that_is_not_there_is_as_a_silent_one() -> None:
    nobody = Hosts(geocoding="http://127.0.0.1:9", places="http://127.0.0.1:9")
    async with open_google(KEY, geocoder=OFFLINE.geocoder, finder=OFFLINE.finder, own=OWN, hosts=nobody) as (
        geocoder,
        finder,
    ):
        located = await geocoder.locate(place_of(HOME))
        with pytest.raises(Unavailable):
            await finder.find(HOME.id, session=None)

    assert located is not None
    assert located.precision == "zip"


async def test_what_google_is_asked(google: Maps, caplog: pytest.LogCaptureFixture) -> None:
    assert google.peer
    with caplog.at_level(logging.INFO):
        await google.geocoder.locate(place_of(HOME))
        await google.finder.suggest("2417", near=AUSTIN, session="a-session")
        await google.finder.find(HOME.id, session="a-session")

    (_, geocode), (_, autocomplete), (_, details) = google.peer.asked
    assert geocode == {
        "address": "2417 Kinney Ave, Austin, TX 78704",
        "components": "country:US",
        "region": "us",
        "language": "en",
        "key": KEY,
    }
    assert autocomplete == {
        "input": "2417",
        "includedRegionCodes": ["us"],
        "includedPrimaryTypes": ["street_address", "premise", "subpremise", "route"],
        "languageCode": "en",
        "regionCode": "us",
        "locationBias": {
            "circle": {"center": {"latitude": AUSTIN[0], "longitude": AUSTIN[1]}, "radius": 50_000.0}
        },
        "sessionToken": "a-session",
    }
    assert details == {"languageCode": "en", "regionCode": "us", "sessionToken": "a-session"}
    ours = [line.getMessage() for line in caplog.records if not line.name.startswith("uvicorn")]
    assert KEY not in repr(ours)
