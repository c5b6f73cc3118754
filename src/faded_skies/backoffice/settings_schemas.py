"""The shop's own particulars on the wire."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.payments.service import Tender
from faded_skies.domains.places.service import Shop
from faded_skies.platform.http.fields import Body, Day, Latitude, Line, Longitude, Shape

Name = Annotated[Line, Field(min_length=2, max_length=100)]
Phone = Annotated[str, Field(pattern=r"^\([0-9]{3}\) [0-9]{3}-[0-9]{4}$", examples=["(512) 555-0134"])]

_MAY_BE_NULL = frozenset({"legal_name", "address", "phone", "coins_expire_days"})


def _each_once(tenders: list[Tender]) -> list[Tender]:
    if len(set(tenders)) < len(tenders):
        raise PydanticCustomError("repeated", "Name each way to pay once.")
    return tenders


class ChangeSettings(Body, json_schema_extra={"examples": [{"paused": True}]}):
    """What is sent is changed; null takes out the legal name, the address, the phone, or the last day of coins.

    `paused` takes no new orders; `automaticDispatch` gives orders to drivers without staff. The law of the place may
    allow fewer ways to pay than `tenders` names. `coinsExpireDays` is for coins that are given from now on.
    """

    name: Name | None = None
    legal_name: Name | None = None
    license_number: Name | None = None
    license_type: Name | None = None
    license_issuer: Name | None = None
    license_issued_on: Day | None = None
    license_expires_on: Day | None = None
    address: Annotated[Line, Field(min_length=5, max_length=255)] | None = None
    phone: Phone | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    paused: Annotated[bool, Field(strict=True)] | None = None
    automatic_dispatch: Annotated[bool, Field(strict=True)] | None = None
    tenders: Annotated[list[Tender], Field(min_length=1), AfterValidator(_each_once)] | None = None
    coins_expire_days: (
        Annotated[int, Field(strict=True, ge=1, le=3650, description="Days. Null: they never expire.")] | None
    ) = None

    def changes(self) -> dict[str, Any]:
        """Return what was sent."""
        sent = self.model_dump(include=self.model_fields_set, mode="python")
        return {
            name: [Tender(one).value for one in value] if name == "tenders" else value
            for name, value in sent.items()
            if value is not None or name in _MAY_BE_NULL
        }


class SettingsShape(Shape):
    name: str
    legal_name: str | None
    license_number: str
    license_type: str
    license_issuer: str
    license_issued_on: date
    license_expires_on: date
    address: str | None
    phone: str | None
    latitude: float
    longitude: float
    paused: bool
    automatic_dispatch: bool
    tenders: list[Tender]
    coins_expire_days: int | None


class SettingsAnswer(Shape):
    settings: SettingsShape


def present_settings(shop: Shop) -> dict[str, object]:
    return {
        "name": shop.name,
        "legalName": shop.legal_name,
        "licenseNumber": shop.license_number,
        "licenseType": shop.license_type,
        "licenseIssuer": shop.license_issuer,
        "licenseIssuedOn": shop.license_issued_on,
        "licenseExpiresOn": shop.license_expires_on,
        "address": shop.address,
        "phone": shop.phone,
        "latitude": shop.latitude,
        "longitude": shop.longitude,
        "paused": shop.paused,
        "automaticDispatch": shop.automatic_dispatch,
        "tenders": shop.tenders,
        "coinsExpireDays": shop.coins_expire_days,
    }
