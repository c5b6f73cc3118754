"""A person's addresses by the door."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.identity import SignedInPerson, signed_in
from factories.places import ROUND_ROCK, make_address, make_area, open_shop
from faded_skies.bootstrap import Application
from faded_skies.domains.places import service
from faded_skies.domains.places.errors import AddressChanged, AddressNotFound
from faded_skies.domains.places.schemas import AddressAnswer, AddressesAnswer
from faded_skies.domains.places.service import ServiceArea
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Unavailable
from faded_skies.platform.ids import new_id

URL = "/api/users/addresses"


def anywhere(*, city: str, state: str | None) -> bool:
    """A law that lets us deliver in every town."""
    return True


@pytest.fixture
async def maya(app: Application) -> SignedInPerson:
    return await signed_in(app)


@pytest.fixture
async def door(client: httpx.AsyncClient, maya: SignedInPerson) -> httpx.AsyncClient:
    """Maya's own client."""
    client.headers.update(maya.headers)
    return client


def body(**changes: Any) -> dict[str, Any]:
    """The guide's body of a new address; a change to ... leaves the field out."""
    whole = {
        "name": "Home",
        "addressLine1": "2417 Kinney Ave",
        "addressLine2": "",
        "city": "Austin",
        "state": "tx",
        "zipCode": "78704",
        "addressType": "home",
        "deliveryInstructions": "Blue door.",
        "isPrimary": False,
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not ...}


async def add(door: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await door.post(URL, json=body(**changes))
    assert answer.status_code == 201, answer.text
    address: dict[str, Any] = answer.json()["address"]
    return address


async def listed(door: httpx.AsyncClient) -> list[tuple[str, bool]]:
    answer = await door.get(URL)
    return [(address["name"], address["isPrimary"]) for address in answer.json()["addresses"]]


async def test_an_address_is_located_and_shown(door: httpx.AsyncClient, db: Database) -> None:
    await make_area(db)

    answer = await door.post(URL, json=body())

    assert answer.status_code == 201
    AddressAnswer.model_validate_json(answer.content)
    address = answer.json()["address"]
    assert address.pop("createdAt").endswith("Z")
    assert UUID(address.pop("id")).version == 7
    assert address == {
        "name": "Home",
        "addressLine1": "2417 Kinney Ave",
        "addressLine2": "",
        "city": "Austin",
        "state": "TX",
        "zipCode": "78704",
        "addressType": "home",
        "deliveryInstructions": "Blue door.",
        "isPrimary": True,
        "latitude": 30.2428,
        "longitude": -97.7658,
        "precision": "zip",
        "formattedAddress": "2417 Kinney Ave, Austin, TX 78704",
        "inServiceArea": True,
    }
    whole = await door.get(URL)
    AddressesAnswer.model_validate_json(whole.content)
    assert whole.json() == {"addresses": [answer.json()["address"]]}


async def test_an_address_may_lie_outside(door: httpx.AsyncClient, db: Database) -> None:
    await make_area(db)

    address = await add(door, city="Houston", zipCode="77002-1234", addressLine2="Unit 4")

    assert address["inServiceArea"] is False
    assert address["formattedAddress"] == "2417 Kinney Ave Unit 4, Houston, TX 77002-1234"


async def test_optional_fields_may_be_left_out(door: httpx.AsyncClient) -> None:
    address = await add(door, addressLine2=..., deliveryInstructions=..., isPrimary=...)

    assert (address["addressLine2"], address["deliveryInstructions"]) == (None, None)
    assert address["isPrimary"] is True


async def test_a_pin_near_the_zip_code_is_the_position(door: httpx.AsyncClient, db: Database) -> None:
    await make_area(db)

    address = await add(door, pin={"latitude": 30.2478, "longitude": -97.7689})

    assert (address["latitude"], address["longitude"], address["precision"]) == (30.2478, -97.7689, "pin")


async def test_a_pin_elsewhere_is_refused(door: httpx.AsyncClient) -> None:
    answer = await door.post(URL, json=body(pin={"latitude": 29.7604, "longitude": -95.3698}))

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"] == [
        {
            "field": "pin",
            "message": "This pin is 147 miles away from the ZIP code. Move it to the address, or leave it out.",
        }
    ]
    assert await listed(door) == []


@pytest.mark.parametrize(
    ("city", "zip_code"),
    [
        ("AUSTIN", "78704"),
        ("Autsin", "78704"),
        ("W. Lake Hills", "78746"),
        ("West Lake Hills", "78746"),
        ("Austin", "78681"),
        ("Round Rock", "78681"),
        ("Saint Louis", "63101"),
    ],
)
async def test_a_city_may_be_written_in_many_ways(door: httpx.AsyncClient, city: str, zip_code: str) -> None:
    state = "MO" if zip_code.startswith("6") else "TX"

    assert (await add(door, city=city, zipCode=zip_code, state=state))["city"] == city


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"city": "Dallas"},
            "This ZIP code belongs to Austin, TX. Correct it, or the city and state.",
        ),
        (
            {"state": "OK"},
            "This ZIP code belongs to Austin, TX. Correct it, or the city and state.",
        ),
        ({"zipCode": "00000"}, "There is no ZIP code 00000. Check its digits."),
        ({"zipCode": "99999-1234"}, "There is no ZIP code 99999. Check its digits."),
    ],
)
async def test_a_zip_code_fits_its_city(
    door: httpx.AsyncClient, changes: dict[str, str], message: str
) -> None:
    answer = await door.post(URL, json=body(**changes))

    assert (answer.status_code, answer.json()["error"]) == (422, message)
    assert answer.json()["details"] == [{"field": "zipCode", "message": message}]
    assert await listed(door) == []


BLANK = "Write something here; blanks alone are not enough."
ZIP = "Write the ZIP code as five digits, or nine with a dash: 78701 or 78701-1234."
STATE = "Write the state as two letters, such as TX."
WRONG = [
    ("name", ..., "This field is required."),
    ("name", "", BLANK),
    ("name", "  ", BLANK),
    ("name", 7, "Write this as text."),
    ("name", None, "Write this as text."),
    ("name", "x" * 101, "Name this address in up to 100 characters."),
    ("name", "a\x00b", "Remove the NUL character."),
    ("addressLine1", ..., "This field is required."),
    ("addressLine1", "1 St", "Write the street and number in 5 to 255 characters."),
    ("addressLine1", "x" * 256, "Write the street and number in 5 to 255 characters."),
    ("addressLine2", "x" * 256, "Write this line in up to 255 characters."),
    ("addressLine2", "\x00", "Remove the NUL character."),
    ("city", ..., "This field is required."),
    ("city", "A", "Write the city in 2 to 100 characters."),
    ("city", "x" * 101, "Write the city in 2 to 100 characters."),
    ("state", ..., "This field is required."),
    ("state", "Texas", STATE),
    ("state", "T", STATE),
    ("state", "T1", STATE),
    ("state", "ß", STATE),
    ("zipCode", ..., "This field is required."),
    ("zipCode", 78704, "Write this as text."),
    ("zipCode", "7870", ZIP),
    ("zipCode", "78704-12", ZIP),
    ("zipCode", "78704\n", ZIP),
    ("zipCode", "٧٨٧٠٤", ZIP),
    ("addressType", ..., "This field is required."),
    ("addressType", "castle", "Choose one of 'home', 'work' or 'other'."),
    ("deliveryInstructions", "x" * 501, "Keep the instructions within 500 characters."),
    ("isPrimary", "yes", "Write true or false."),
    ("isPrimary", 1, "Write true or false."),
    ("pin", [30, -97], "Send a JSON object."),
    ("latitude", 30.2, "This field is not known here; remove it."),
    ("userId", "7b0c6f1e-2f7e-4a51-9b1c-0d6f5f1f8a11", "This field is not known here; remove it."),
]


@pytest.mark.parametrize(("field", "value", "message"), WRONG)
async def test_each_field_has_its_message(
    door: httpx.AsyncClient, field: str, value: object, message: str
) -> None:
    answer = await door.post(URL, json=body(**{field: value}))

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"] == [{"field": field, "message": message}]
    assert await listed(door) == []


@pytest.mark.parametrize(
    ("pin", "field"),
    [
        ({"latitude": 91, "longitude": 0}, "pin.latitude"),
        ({"latitude": 30.2, "longitude": -181}, "pin.longitude"),
        ({"latitude": "30.2", "longitude": -97}, "pin.latitude"),
        ({"latitude": 30.2}, "pin.longitude"),
        ({"latitude": 30.2, "longitude": -97, "altitude": 3}, "pin.altitude"),
    ],
)
async def test_a_pin_is_a_point_on_earth(door: httpx.AsyncClient, pin: dict[str, Any], field: str) -> None:
    answer = await door.post(URL, json=body(pin=pin))

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["details"]] == [field]


async def test_all_wrong_fields_are_told_at_once(door: httpx.AsyncClient) -> None:
    answer = await door.post(URL, json=body(name="", city="A", zipCode="1"))

    assert [problem["field"] for problem in answer.json()["details"]] == ["name", "city", "zipCode"]


async def test_a_new_primary_takes_the_place_of_the_old(door: httpx.AsyncClient) -> None:
    await add(door, name="First")
    await add(door, name="Second")
    await add(door, name="Third", isPrimary=True)

    assert await listed(door) == [("Third", True), ("Second", False), ("First", False)]


async def test_an_absent_field_stays_as_it_is(door: httpx.AsyncClient) -> None:
    address = await add(door, pin={"latitude": 30.2478, "longitude": -97.7689})

    unchanged = await door.put(f"{URL}/{address['id']}", json={})
    renamed = await door.put(f"{URL}/{address['id']}", json={"name": "Nest", "addressLine2": None})

    assert (unchanged.status_code, unchanged.json()["address"]) == (200, address)
    assert renamed.json()["address"] == {**address, "name": "Nest", "addressLine2": None}


async def test_the_guide_s_whole_body_keeps_the_pin(door: httpx.AsyncClient) -> None:
    address = await add(door, pin={"latitude": 30.2478, "longitude": -97.7689})

    answer = await door.put(f"{URL}/{address['id']}", json=body(deliveryInstructions="Ring twice."))

    assert answer.json()["address"] == {**address, "deliveryInstructions": "Ring twice."}


async def test_a_moved_address_is_located_again(door: httpx.AsyncClient, db: Database) -> None:
    await make_area(db, radius_m=10_000)
    address = await add(door)

    moved = await door.put(f"{URL}/{address['id']}", json={"city": "Round Rock", "zipCode": "78664"})
    wrong = await door.put(f"{URL}/{address['id']}", json={"city": "Dallas"})
    pinned = await door.put(f"{URL}/{address['id']}", json={"pin": {"latitude": 30.5, "longitude": -97.7}})
    bare = await door.put(f"{URL}/{address['id']}", json={"pin": None})

    assert (address["inServiceArea"], moved.json()["address"]["inServiceArea"]) == (True, False)
    assert moved.json()["address"]["formattedAddress"] == "2417 Kinney Ave, Round Rock, TX 78664"
    assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (422, "zipCode")
    assert [pinned.json()["address"][key] for key in ("latitude", "precision")] == [30.5, "pin"]
    assert bare.json()["address"] == moved.json()["address"]


async def test_primary_passes_to_the_newest_other(door: httpx.AsyncClient) -> None:
    first = await add(door, name="First")
    lonely = await door.put(f"{URL}/{first['id']}", json={"isPrimary": False})
    await add(door, name="Second")
    third = await add(door, name="Third")

    await door.put(f"{URL}/{first['id']}", json={"isPrimary": False})
    passed = await listed(door)
    answer = await door.delete(f"{URL}/{third['id']}")

    assert lonely.json()["address"]["isPrimary"] is True
    assert passed == [("Third", True), ("Second", False), ("First", False)]
    assert (answer.status_code, answer.content) == (204, b"")
    assert await listed(door) == [("Second", True), ("First", False)]


async def test_a_deleted_address_is_gone_for_its_owner_and_stays_for_orders(
    door: httpx.AsyncClient, db: Database
) -> None:
    address = await add(door)
    await door.delete(f"{URL}/{address['id']}")

    again = await door.delete(f"{URL}/{address['id']}")
    changed = await door.put(f"{URL}/{address['id']}", json={"name": "Ghost"})

    assert (again.status_code, changed.status_code) == (404, 404)
    assert await listed(door) == []
    row = await db.fetchrow("SELECT name, is_primary, deleted_at FROM delivery_addresses")
    assert row is not None
    assert (row["name"], row["is_primary"]) == ("Home", False)
    assert row["deleted_at"] is not None


async def test_what_belongs_to_somebody_else_does_not_exist(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    owner, stranger = await signed_in(app), await signed_in(app)
    address = await make_address(db, owner.id)

    for address_id in (address.id, new_id()):
        changed = await client.put(f"{URL}/{address_id}", json={"name": "Mine"}, headers=stranger.headers)
        deleted = await client.delete(f"{URL}/{address_id}", headers=stranger.headers)
        assert [(a.status_code, a.json()["code"]) for a in (changed, deleted)] == [(404, "NOT_FOUND")] * 2
    with pytest.raises(AddressNotFound):
        await service.get_address_for(db, stranger.id, address.id)
    assert await service.get_address_for(db, owner.id, address.id) == address
    assert (await client.get(URL, headers=stranger.headers)).json() == {"addresses": []}


async def test_every_call_needs_a_token(client: httpx.AsyncClient) -> None:
    answers = [
        await client.get(URL),
        await client.post(URL, json=body()),
        await client.put(f"{URL}/{new_id()}", json={}),
        await client.delete(f"{URL}/{new_id()}"),
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(401, "TOKEN_REQUIRED")] * 4


async def test_fifty_are_enough_also_when_two_tabs_add_at_once(
    door: httpx.AsyncClient, db: Database, maya: SignedInPerson
) -> None:
    for _ in range(48):
        await make_address(db, maya.id)

    answers = await asyncio.gather(*(door.post(URL, json=body()) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [422] * 4
    refused = next(answer for answer in answers if answer.status_code == 422).json()
    assert refused == {
        "error": "You have 50 addresses, which is as many as we keep. Delete one that you no longer use.",
        "code": "TOO_MANY_ADDRESSES",
    }
    assert len(await listed(door)) == 50


async def test_whatever_runs_at_once_exactly_one_is_primary(door: httpx.AsyncClient) -> None:
    ids = [(await add(door, name=str(number)))["id"] for number in range(4)]

    answers = await asyncio.gather(
        *(door.put(f"{URL}/{one}", json={"isPrimary": True}) for one in ids),
        *(door.put(f"{URL}/{one}", json={"isPrimary": False}) for one in ids),
        *(door.post(URL, json=body(isPrimary=True)) for _ in range(4)),
        door.delete(f"{URL}/{ids[0]}"),
    )

    assert {answer.status_code for answer in answers} <= {200, 201, 204, 404}
    found = await listed(door)
    assert [primary for _, primary in found] == [True] + [False] * (len(found) - 1)


async def test_two_first_addresses_at_once_make_one_primary(door: httpx.AsyncClient) -> None:
    await asyncio.gather(*(door.post(URL, json=body()) for _ in range(4)))

    assert sorted(primary for _, primary in await listed(door)) == [False, False, False, True]


async def test_a_move_is_refused_when_the_address_has_moved_meanwhile(
    door: httpx.AsyncClient, db: Database, maya: SignedInPerson
) -> None:
    seen = await make_address(db, maya.id)
    await door.put(f"{URL}/{seen.id}", json={"city": "Round Rock", "zipCode": "78664"})

    with pytest.raises(AddressChanged):
        async with db.transaction() as tx:
            await service.change_address(
                tx, seen=seen, changes={"address_line1": "1 Main St"}, position=seen.position
            )

    assert (await service.get_address_for(db, maya.id, seen.id)).address_line1 == "2417 Kinney Ave"


async def test_of_overlapping_areas_the_nearest_is_taken(db: Database) -> None:
    austin = await make_area(db, "Austin")
    round_rock = await make_area(db, "Round Rock", middle=ROUND_ROCK, radius_m=24_000)
    closed = await make_area(db, "Closed", middle=ROUND_ROCK)
    await db.fetch("UPDATE service_areas SET is_active = false WHERE id = $1", closed.id)

    async def area_at(reader: Database | Tx, latitude: float, longitude: float) -> ServiceArea | None:
        offer = await service.offer_at(
            reader, anywhere, city="Austin", state="TX", latitude=latitude, longitude=longitude
        )
        return offer.reach.area

    with pytest.raises(Unavailable):
        await area_at(db, 30.28, -97.74)
    await open_shop(db)
    assert await service.areas(db) == [austin, round_rock]
    assert await area_at(db, 30.28, -97.74) == austin
    assert await area_at(db, 30.45, -97.69) == round_rock
    assert await area_at(db, 29.7604, -95.3698) is None
    async with db.transaction() as tx:
        assert await area_at(tx, *ROUND_ROCK) == round_rock


async def test_there_is_one_shop(db: Database) -> None:
    with pytest.raises(Unavailable):
        await service.get_shop(db)

    shop = await open_shop(db)

    assert await service.get_shop(db) == shop


async def test_an_order_keeps_the_address_in_the_words_of_the_wire(
    door: httpx.AsyncClient, db: Database, maya: SignedInPerson
) -> None:
    shown = await add(door)
    address = await service.get_address_for(db, maya.id, UUID(shown["id"]))

    kept = service.snapshot(address)

    assert kept == {key: shown[key] for key in kept}
    assert set(shown) - set(kept) == {"id", "isPrimary", "inServiceArea", "createdAt"}
