"""The shop, its areas, and the addresses of people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from faded_skies.domains.places.ports import Place, Precision
from faded_skies.domains.places.rules.shapes import Shape

AddressType = Literal["home", "work", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A live address; degrees are WGS 84."""

    id: UUID
    user_id: UUID
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
    created_at: datetime

    @property
    def place(self) -> Place:
        return Place(self.address_line1, self.address_line2 or None, self.city, self.state, self.zip_code)

    @property
    def position(self) -> "Position":
        return Position(self.latitude, self.longitude, self.precision, self.formatted_address)


@dataclass(frozen=True, slots=True)
class Position:
    """Where an address is on the map, and how it is written there."""

    latitude: float
    longitude: float
    precision: Precision
    formatted_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFields:
    """What a person says of an address; the rest is found out."""

    name: str
    address_line1: str
    address_line2: str | None = None
    city: str
    state: str
    zip_code: str
    address_type: AddressType
    delivery_instructions: str | None = None
    is_primary: bool = False

    @property
    def place(self) -> Place:
        return Place(self.address_line1, self.address_line2 or None, self.city, self.state, self.zip_code)


@dataclass(frozen=True, slots=True)
class Pin:
    """A point that a person set on the map."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceArea:
    """Where we deliver. The hours are minutes since local midnight; 0 to 1440 is round the clock."""

    id: UUID
    name: str
    shape: Shape
    fee_cents: int
    minimum_cents: int
    opens_minute: int
    closes_minute: int
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Reach:
    """How we reach an address: the area it lies in, None outside of all, and whether its town is approved."""

    area: ServiceArea | None
    town_approved: bool

    @property
    def served(self) -> bool:
        """Whether we deliver there: both must hold."""
        return self.town_approved and self.area is not None


@dataclass(frozen=True, slots=True)
class BarredPlace:
    """A school, a hotel, a campus: a circle (metres) that the law may bar by its kind."""

    id: UUID
    name: str
    kind: str
    latitude: float
    longitude: float
    radius_m: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What the shop offers at an address.

    `paused` takes no new orders; `tenders` are the shop's ways to pay; `licensed_until` is the last day of its licence.
    """

    paused: bool
    tenders: frozenset[str]
    licensed_until: date
    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The one shop. `paused` takes no new orders; legal papers tell `legal_name`, `address` and `phone`.

    `automatic_dispatch` gives orders to drivers without staff. Coins that are given from now on expire after
    `coins_expire_days`; None: never.
    """

    name: str
    license_number: str
    license_type: str
    license_issuer: str
    license_issued_on: date
    license_expires_on: date
    latitude: float
    longitude: float
    paused: bool = False
    tenders: Sequence[str] = ("card", "apple_pay", "google_pay", "fs_coin", "cash")
    legal_name: str | None = None
    address: str | None = None
    phone: str | None = None
    automatic_dispatch: bool = False
    coins_expire_days: int | None = 365
