"""What staff send."""

from typing import Annotated, Literal

from pydantic import Field

from faded_skies.platform.http.fields import Body, Id, Line


class MoveOrder(Body):
    """Departure and handover are the driver's calls: their checks cannot be stepped round here."""

    status: Literal["preparing", "cancelled"]
    reason: Annotated[Line, Field(max_length=500)] | None = None


class AssignOrder(Body):
    driver_id: Id
