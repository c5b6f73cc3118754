"""Addresses completed while they are typed, by the door and offline."""

import httpx
import pytest
from pydantic import SecretStr

from factories.identity import SignedInPerson, signed_in
from factories.places import open_shop
from faded_skies import bootstrap
from faded_skies.adapters.google_maps.finder import GoogleFinder
from faded_skies.adapters.google_maps.geocoder import GoogleGeocoder
from faded_skies.adapters.zipcodes.finder import ZipcodeFinder
from faded_skies.adapters.zipcodes.geocoder import ZipcodeGeocoder
from faded_skies.adapters.zipcodes.table import ZipTable
from faded_skies.bootstrap import Application
from faded_skies.domains.places.ports import AddressFinder, Geocoder
from faded_skies.domains.places.schemas import FoundAddressAnswer, PredictionsAnswer
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings

AUTOCOMPLETE, PLACE = "/api/maps/autocomplete", "/api/maps/place"
AUSTIN = (30.2672, -97.7431)
FINDER = ZipcodeFinder(ZipTable())


@pytest.fixture
async def maya(app: Application, db: Database) -> SignedInPerson:
    await open_shop(db)
    return await signed_in(app)


async def test_a_suggestion_leads_to_an_address(client: httpx.AsyncClient, maya: SignedInPerson) -> None:
    typed = {"input": "  2417 Kinney Ave, 78704 ", "sessionToken": "0190b5a0-7c5e-4cc3-9f0e-1b2c3d4e5f60"}
    suggested = await client.get(AUTOCOMPLETE, params=typed, headers=maya.headers)
    PredictionsAnswer.model_validate_json(suggested.content)
    (prediction,) = suggested.json()["predictions"]
    found = await client.get(PLACE, params={"placeId": prediction["placeId"]}, headers=maya.headers)

    assert suggested.status_code == found.status_code == 200
    assert prediction["description"] == "2417 Kinney Ave, Austin, TX 78704"
    assert prediction["place_id"] == prediction["placeId"]
    FoundAddressAnswer.model_validate_json(found.content)
    assert found.json() == {
        "address": {
            "addressLine1": "2417 Kinney Ave",
            "city": "Austin",
            "state": "TX",
            "zipCode": "78704",
            "latitude": 30.2428,
            "longitude": -97.7658,
            "precision": "zip",
            "formattedAddress": "2417 Kinney Ave, Austin, TX 78704",
        }
    }


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        (AUTOCOMPLETE, {}, "input"),
        (AUTOCOMPLETE, {"input": ""}, "input"),
        (AUTOCOMPLETE, {"input": "   "}, "input"),
        (AUTOCOMPLETE, {"input": "x" * 201}, "input"),
        (AUTOCOMPLETE, {"input": "a\x00b"}, "input"),
        (AUTOCOMPLETE, {"input": "Aus", "sessionToken": ""}, "sessionToken"),
        (AUTOCOMPLETE, {"input": "Aus", "sessionToken": "x" * 37}, "sessionToken"),
        (AUTOCOMPLETE, {"input": "Aus", "sessionToken": "a b"}, "sessionToken"),
        (PLACE, {}, "placeId"),
        (PLACE, {"placeId": ""}, "placeId"),
        (PLACE, {"placeId": "x" * 2001}, "placeId"),
        (PLACE, {"placeId": "\x00"}, "placeId"),
        (PLACE, {"placeId": "x", "sessionToken": "é"}, "sessionToken"),
    ],
)
async def test_bad_parameters(
    client: httpx.AsyncClient, maya: SignedInPerson, path: str, params: dict[str, str], field: str
) -> None:
    answer = await client.get(path, params=params, headers=maya.headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert [one["field"] for one in answer.json()["details"]] == [field]


async def test_an_unknown_place_is_absent(client: httpx.AsyncClient, maya: SignedInPerson) -> None:
    answer = await client.get(PLACE, params={"placeId": "ChIJ-unknown"}, headers=maya.headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_strangers_get_nothing(client: httpx.AsyncClient) -> None:
    answers = [
        await client.get(AUTOCOMPLETE, params={"input": "Austin"}),
        await client.get(PLACE, params={"placeId": "x"}),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(401, "TOKEN_REQUIRED")] * 2


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("78704", "Austin, TX 78704"),
        ("Round R", "Round Rock, TX 786"),
        ("round rock tx", "Round Rock, TX 786"),
        ("1 Main St Round Rock, TX 78681", "1 Main St, Round Rock, TX 78681"),
        ("316 Westlake Dr, West Lake H", "316 Westlake Dr, West Lake Hills, TX 78746"),
        ("2417 Kinney Ave Austin 78704-1234", "2417 Kinney Ave, Austin, TX 78704"),
        ("1 Main St, Houston, TX 77002", "1 Main St, Houston, TX 77002"),
        ("10 Market St, Saint Louis, MO 63101", "10 Market St, Saint Louis, MO 63101"),
    ],
)
async def test_what_is_offered_first(typed: str, first: str) -> None:
    suggested = await FINDER.suggest(typed, near=AUSTIN, session=None)

    assert suggested[0].description.startswith(first)
    assert len(suggested) <= 8


@pytest.mark.parametrize(
    "typed",
    [
        "2417",
        "2417 Kinney Ave",
        "1 Main St",
        "Au",
        "78",
        ",",
        ", ,",
        "00000",
        "Austin 99999",
        "1 Main St, Hous",
        "🌿",
    ],
)
async def test_nothing_is_offered_that_is_not_known(typed: str) -> None:
    assert await FINDER.suggest(typed, near=AUSTIN, session=None) == []


async def test_without_a_shop_only_a_whole_zip_code_is_known() -> None:
    finder = ZipcodeFinder(ZipTable())

    assert await finder.suggest("Austin", near=None, session=None) == []
    assert len(await finder.suggest("Austin 78704", near=None, session=None)) == 1


async def test_a_key_chooses_google_and_is_shown_to_nobody(app: Application, settings: Settings) -> None:
    with_key = settings.model_copy(update={"google_maps_api_key": SecretStr("AIza-secret")})
    async with bootstrap.application(with_key, serves=False) as other:
        assert isinstance(other.ports.get(Geocoder), GoogleGeocoder)
        assert isinstance(other.ports.get(AddressFinder), GoogleFinder)
        assert "maps" not in other.ports.doubles
    assert "AIza-secret" not in repr(with_key)
    assert isinstance(app.ports.get(Geocoder), ZipcodeGeocoder)
    assert "maps" in app.ports.doubles
