"""What staff sends to end a driver's shift, and gets."""

from typing import Annotated

from pydantic import Field

from faded_skies.backoffice.drawer_schemas import DrawerShape, present_drawer
from faded_skies.domains.cash.service import Drawer
from faded_skies.domains.delivery.schemas.shifts import ShiftShape, present_shift
from faded_skies.domains.delivery.service import Shift
from faded_skies.platform.http.fields import MOST_TEXT, Body, Line, Shape
from faded_skies.platform.money import Cents, Dollars, cents_of


class EndShift(
    Body, json_schema_extra={"examples": [{"reason": "He does not come back.", "closingCash": 184.5}]}
):
    """`closingCash` is what staff counted in the driver's place; the reason is for the audit log."""

    reason: Annotated[Line, Field(max_length=MOST_TEXT)]
    closing_cash: Dollars | None = None

    def cash(self) -> Cents | None:
        return None if self.closing_cash is None else cents_of(self.closing_cash)


class EndedShiftAnswer(Shape):
    """The driver's last shift and its drawer as staff sees it; null where there never was one."""

    shift: ShiftShape | None
    drawer: DrawerShape | None


def present_ended(shift: Shift | None, drawer: Drawer | None) -> dict[str, object]:
    return {
        "shift": present_shift(shift),
        "drawer": None if drawer is None else present_drawer(drawer),
    }
