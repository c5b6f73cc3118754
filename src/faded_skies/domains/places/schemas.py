"""Addresses on the wire."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any

from pydantic import MISSING, AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.places import service
from faded_skies.domains.places.models import Address, AddressFields, AddressType, Pin, ServiceArea
from faded_skies.domains.places.ports import FoundAddress, Precision, Suggestion, TownLaw
from faded_skies.domains.places.rules import addresses as rules
from faded_skies.platform.http.fields import Body, Id, Latitude, Line, Longitude, Shape, Text


def _obeys(problem: Callable[[str], str | None]) -> AfterValidator:
    def check(text: str) -> str:
        if sentence := problem(text):
            raise PydanticCustomError("field_rule", "{sentence}", {"sentence": sentence})
        return text

    return AfterValidator(check)


def _sized(least: int, most: int) -> Any:
    # For the document only: the sentence of the rule is better than the validator's own.
    return Field(json_schema_extra={"minLength": least, "maxLength": most})


Name = Annotated[Line, _obeys(rules.name_problem), _sized(1, 100)]
Line1 = Annotated[Line, _obeys(rules.line1_problem), _sized(5, rules.MOST_LINE)]
Line2 = Annotated[Text, _obeys(rules.line2_problem), _sized(0, rules.MOST_LINE)]
City = Annotated[Line, _obeys(rules.city_problem), _sized(2, 100)]
State = Annotated[
    Text,
    _obeys(rules.state_problem),
    AfterValidator(str.upper),
    Field(json_schema_extra={"pattern": "^[A-Za-z]{2}$"}, examples=["TX"]),
]
ZipCode = Annotated[
    Text,
    _obeys(rules.zip_code_problem),
    Field(json_schema_extra={"pattern": "^[0-9]{5}(-[0-9]{4})?$"}, examples=["78701"]),
]
Instructions = Annotated[Text, _obeys(rules.instructions_problem), _sized(0, rules.MOST_NOTE)]
Primary = Annotated[bool, Field(strict=True)]


class PinBody(Body):
    """A point on the map that says where the address is, better than its ZIP code does."""

    latitude: Latitude
    longitude: Longitude


class AddAddress(
    Body,
    json_schema_extra={
        "examples": [
            {
                "name": "Home",
                "addressLine1": "2417 Kinney Ave",
                "city": "Austin",
                "state": "TX",
                "zipCode": "78704",
                "addressType": "home",
                "pin": {"latitude": 30.2466, "longitude": -97.7637},
            }
        ]
    },
):
    """A new address."""

    name: Name
    address_line1: Line1
    address_line2: Line2 | None = None
    city: City
    state: State
    zip_code: ZipCode
    address_type: AddressType
    delivery_instructions: Instructions | None = None
    is_primary: Primary = False
    pin: PinBody | None = None

    @property
    def fields(self) -> AddressFields:
        return AddressFields(**self.model_dump(exclude={"pin"}))

    @property
    def point(self) -> Pin | None:
        return Pin(self.pin.latitude, self.pin.longitude) if self.pin else None


class ChangeAddress(Body, json_schema_extra={"examples": [{"deliveryInstructions": "Ring twice."}]}):
    """What changes of an address: a field that is absent stays as it is; `pin: null` takes the pin away."""

    name: Name | MISSING = MISSING
    address_line1: Line1 | MISSING = MISSING
    address_line2: Line2 | MISSING | None = MISSING
    city: City | MISSING = MISSING
    state: State | MISSING = MISSING
    zip_code: ZipCode | MISSING = MISSING
    address_type: AddressType | MISSING = MISSING
    delivery_instructions: Instructions | MISSING | None = MISSING
    is_primary: Primary | MISSING = MISSING
    pin: PinBody | MISSING | None = MISSING

    @property
    def changes(self) -> dict[str, Any]:
        changes = self.model_dump()
        if changes.get("pin"):
            changes["pin"] = Pin(**changes["pin"])
        return changes


class AddressShape(Shape):
    """An address, and whether we deliver there. `precision` says how its position is known."""

    id: Id
    name: str
    address_line1: str
    address_line2: str | None
    city: str
    state: str
    zip_code: str
    address_type: AddressType
    delivery_instructions: str | None
    is_primary: bool
    latitude: float
    longitude: float
    precision: Precision
    formatted_address: str
    in_service_area: bool
    created_at: datetime


class AddressesAnswer(Shape):
    """All of a person's addresses, the primary one first, then the newest."""

    addresses: list[AddressShape]


class AddressAnswer(Shape):
    """One address."""

    address: AddressShape


class PredictionShape(Shape):
    """A suggestion; its id stands under both spellings, because clients of Google's read the second."""

    description: str
    place_id: str
    place_id_as_google_spells_it: Annotated[str, Field(alias="place_id")]


class PredictionsAnswer(Shape):
    """What the person may be typing, the likeliest first."""

    predictions: list[PredictionShape]


class FoundAddressShape(Shape):
    """A suggestion's address; `addressLine1` is null where only the town and its ZIP code are known."""

    address_line1: str | None
    city: str
    state: str
    zip_code: str
    latitude: float
    longitude: float
    precision: Precision
    formatted_address: str


class FoundAddressAnswer(Shape):
    """The address of one suggestion."""

    address: FoundAddressShape


def present(address: Address, areas: Iterable[ServiceArea], law: TownLaw) -> dict[str, Any]:
    """Return the address as its owner sees it."""
    reach = service.reach(
        areas,
        law,
        city=address.city,
        state=address.state,
        latitude=address.latitude,
        longitude=address.longitude,
    )
    return {
        "id": str(address.id),
        **service.snapshot(address),
        "isPrimary": address.is_primary,
        "inServiceArea": reach.served,
        "createdAt": address.created_at,
    }


def present_suggestion(suggestion: Suggestion) -> dict[str, str]:
    """Return a suggestion as the person sees it."""
    return {
        "description": suggestion.description,
        "placeId": suggestion.place_id,
        "place_id": suggestion.place_id,
    }


def present_found(found: FoundAddress) -> dict[str, Any]:
    """Return a found address in the keys of an address body."""
    return {
        "addressLine1": found.address_line1,
        "city": found.city,
        "state": found.state,
        "zipCode": found.zip_code,
        "latitude": found.latitude,
        "longitude": found.longitude,
        "precision": found.precision,
        "formattedAddress": found.formatted_address,
    }
