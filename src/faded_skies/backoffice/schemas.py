"""What staff send."""

from typing import Annotated, Literal

from pydantic import Field

from faded_skies.platform.http.fields import Body, Id, Line


class MoveOrder(Body, json_schema_extra={"examples": [{"status": "preparing"}]}):
    """Departure and handover are the driver's calls: their checks cannot be stepped round here."""

    status: Literal["preparing", "cancelled"]
    reason: Annotated[Line, Field(max_length=500)] | None = None


class AssignOrder(
    Body, json_schema_extra={"examples": [{"driverId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"}]}
):
    driver_id: Id
