"""What is decided on the road, and the papers that go with it. Pure."""

from faded_skies.domains.delivery.rules.dispatch import Bounds, Courier, Goods, obstacle
from faded_skies.domains.delivery.rules.documents import digest_of, lacking, pick
from faded_skies.domains.delivery.rules.estimates import (
    AT_THE_DOOR,
    SPEED_M_S,
    arrivals,
    believable_speed,
)
from faded_skies.domains.delivery.rules.papers import manifest_sheet, receipt_sheet
from faded_skies.domains.delivery.rules.road import (
    Fix,
    IdCheck,
    change_due,
    check_time,
    eta_minutes,
    find_jumps,
)
from faded_skies.domains.delivery.rules.routes import (
    AHEAD,
    Choice,
    Decided,
    Question,
    Route,
    decide,
    wants_batches,
)
from faded_skies.domains.delivery.rules.sheets import Sheet, Table, html_of
from faded_skies.domains.delivery.rules.waiting import check_waited

__all__ = [
    "AHEAD",
    "AT_THE_DOOR",
    "SPEED_M_S",
    "Bounds",
    "Choice",
    "Courier",
    "Decided",
    "Fix",
    "Goods",
    "IdCheck",
    "Question",
    "Route",
    "Sheet",
    "Table",
    "arrivals",
    "believable_speed",
    "change_due",
    "check_time",
    "check_waited",
    "decide",
    "digest_of",
    "eta_minutes",
    "find_jumps",
    "html_of",
    "lacking",
    "manifest_sheet",
    "obstacle",
    "pick",
    "receipt_sheet",
    "wants_batches",
]
