"""Addresses on the wire."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any

from pydantic import MISSING, AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.places import rules, service
from faded_skies.domains.places.models import Address, AddressFields, AddressType, Pin, ServiceArea
from faded_skies.domains.places.ports import Precision
from faded_skies.platform.http.fields import Body, Id, Line, Shape, Text


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

    latitude: Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False, description="Degrees.")]
    longitude: Annotated[
        float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False, description="Degrees.")
    ]


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


def present(address: Address, areas: Iterable[ServiceArea]) -> dict[str, Any]:
    """Return the address as its owner sees it."""
    return {
        "id": str(address.id),
        **service.snapshot(address),
        "isPrimary": address.is_primary,
        "inServiceArea": service.containing(areas, address.latitude, address.longitude) is not None,
        "createdAt": address.created_at,
    }
