"""Vehicles, drivers and their papers on the wire."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.delivery.models.trips import DriverPapers, HeldPaper, Vehicle
from faded_skies.domains.delivery.service import KEEP
from faded_skies.platform.http.fields import Body, Day, Line, Shape

Name = Annotated[Line, Field(max_length=50)]
Plate = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9 -]{0,14}$", description="Capitals and digits.")]
Vin = Annotated[
    str, Field(pattern=r"^[A-HJ-NPR-Z0-9]{17}$", description="17 capitals and digits, without I, O and Q.")
]
Flag = Annotated[bool, Field(strict=True)]
MaxOrders = Annotated[int, Field(strict=True, ge=1, le=200, description="How many orders.")]

_MAY_BE_NULL = frozenset({"vin", "max_orders"})


class PaperBody(Body, json_schema_extra={"examples": [{"kind": "insurance", "expiresOn": "2027-06-30"}]}):
    """`expiresOn` is its last good day; null for one that never ends."""

    kind: Annotated[
        str,
        Field(pattern=r"^[a-z][a-z0-9_]{1,49}$", description="As the rule file names it, such as insurance."),
    ]
    expires_on: Day | None


def _each_once(papers: list[PaperBody]) -> list[PaperBody]:
    if len({paper.kind for paper in papers}) < len(papers):
        raise PydanticCustomError("repeated", "Name each kind of paper once.")
    return papers


Papers = Annotated[list[PaperBody], Field(max_length=50), AfterValidator(_each_once)]


class AddVehicle(
    Body,
    json_schema_extra={
        "examples": [{"make": "Kia", "model": "Niro", "plate": "FS-1042", "vin": "KNDCC3LG0L5000001"}]
    },
):
    """`enclosed`: nobody can reach the goods from outside; some states let such a vehicle carry more.

    `maxOrders`: how many dispatch gives to its driver; null for the shop's usual number.
    """

    make: Name
    model: Name
    plate: Plate
    vin: Vin | None = None
    enclosed: Flag = True
    max_orders: MaxOrders | None = None


class ChangeVehicle(Body, json_schema_extra={"examples": [{"isActive": False}]}):
    make: Name | None = None
    model: Name | None = None
    plate: Plate | None = None
    vin: Vin | None = None
    enclosed: Flag | None = None
    is_active: Flag | None = None
    max_orders: MaxOrders | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was sent; the VIN and the number of orders may be taken out by null."""
        sent = self.model_dump(include=self.model_fields_set)
        return {name: value for name, value in sent.items() if value is not None or name in _MAY_BE_NULL}


class VehiclePapersBody(
    Body, json_schema_extra={"examples": [{"papers": [{"kind": "insurance", "expiresOn": "2027-06-30"}]}]}
):
    """All papers of the vehicle; those left out are taken out."""

    papers: Papers

    def read(self) -> list[HeldPaper]:
        return [HeldPaper(one.kind, one.expires_on) for one in self.papers]


class DriverPapersBody(
    Body,
    json_schema_extra={
        "examples": [
            {
                "papers": [{"kind": "drivers_license", "expiresOn": "2029-03-01"}],
                "employeeNo": "E-17",
                "licenseNumber": "T48210377",
            }
        ]
    },
):
    """All papers of the driver; a number that is left out stays, null takes it out."""

    papers: Papers
    employee_no: Annotated[Line, Field(max_length=30)] | None = None
    license_number: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]{3,29}$")] | None = None

    def read(self) -> list[HeldPaper]:
        return [HeldPaper(one.kind, one.expires_on) for one in self.papers]

    def numbers(self) -> dict[str, object]:
        """Return the numbers as they were sent, or that they stay."""
        return {
            name: getattr(self, name) if name in self.model_fields_set else KEEP
            for name in ("employee_no", "license_number")
        }


class VehicleShape(Shape):
    id: UUID
    make: str
    model: str
    plate: str
    vin: str | None
    enclosed: bool
    is_active: bool
    max_orders: int | None


class VehicleAnswer(Shape):
    vehicle: VehicleShape


class VehiclesAnswer(Shape):
    vehicles: list[VehicleShape]
    total: int
    has_more: bool


class PaperShape(Shape):
    kind: str
    expires_on: date | None


class VehiclePapersAnswer(Shape):
    vehicle: VehicleShape
    papers: list[PaperShape]


class DriverProfileShape(Shape):
    """The number of the licence is told on manifests only, where the law wants it there."""

    id: UUID
    full_name: str
    employee_no: str | None
    has_license_number: bool


class DriverPapersAnswer(Shape):
    driver: DriverProfileShape
    papers: list[PaperShape]


def present_vehicle(vehicle: Vehicle) -> dict[str, object]:
    return {
        "id": vehicle.id,
        "make": vehicle.make,
        "model": vehicle.model,
        "plate": vehicle.plate,
        "vin": vehicle.vin,
        "enclosed": vehicle.enclosed,
        "isActive": vehicle.is_active,
        "maxOrders": vehicle.max_orders,
    }


def present_papers(papers: Sequence[HeldPaper]) -> list[dict[str, object]]:
    return [{"kind": one.kind, "expiresOn": one.expires_on} for one in papers]


def present_driver(driver: DriverPapers) -> dict[str, object]:
    return {
        "driver": {
            "id": driver.driver_id,
            "fullName": driver.full_name,
            "employeeNo": driver.employee_no,
            "hasLicenseNumber": driver.license_wrapped is not None,
        },
        "papers": present_papers(driver.papers),
    }
