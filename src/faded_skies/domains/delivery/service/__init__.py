"""What can be done on the road and with what goes with it; one file each."""

from faded_skies.domains.delivery.models.dispatch import Answer, Assignment, Decision, Refusal, Terms
from faded_skies.domains.delivery.models.road import Position, Shift
from faded_skies.domains.delivery.models.trips import (
    DriverPapers,
    HeldPaper,
    Manifest,
    Trip,
    TripOverview,
    TripStop,
    Vehicle,
)
from faded_skies.domains.delivery.queries.live import EARLIER_POSITIONS, POSITIONS, read_entry
from faded_skies.domains.delivery.rules import Sheet, html_of, manifest_sheet, receipt_sheet
from faded_skies.domains.delivery.service.answers import (
    accept,
    answer_by,
    decline,
    is_offered,
    list_assignments,
    list_refusals,
    take_back_unanswered,
    withdraw_cancelled,
)
from faded_skies.domains.delivery.service.dispatching import (
    DispatchDesk,
    forget_decisions,
    list_decisions,
    run_round,
)
from faded_skies.domains.delivery.service.door import bring_back, hand_over
from faded_skies.domains.delivery.service.estimates import (
    CitySpeed,
    get_driver_of_trip,
    reckon,
)
from faded_skies.domains.delivery.service.fleet import (
    KEEP,
    add_vehicle,
    change_vehicle,
    get_driver_papers,
    get_vehicle_papers,
    license_context,
    list_vehicles,
    set_driver_papers,
    set_vehicle_papers,
)
from faded_skies.domains.delivery.service.leaving import depart, pick_up, prepare_pick_up
from faded_skies.domains.delivery.service.manifests import (
    context_of,
    get_manifest,
    skip_manifest_numbers,
    title_of,
)
from faded_skies.domains.delivery.service.positions import (
    PositionDesk,
    find_driver_position,
    renew_partitions,
    store_positions,
)
from faded_skies.domains.delivery.service.receipts import get_paper
from faded_skies.domains.delivery.service.road import (
    arrive,
    assign,
    held_on,
    is_on_duty,
    list_stops,
    lock_duty,
    take_money,
    take_money_of_trip,
)
from faded_skies.domains.delivery.service.rounds import Rounds
from faded_skies.domains.delivery.service.shifts import end_shift, end_shift_of, start_shift
from faded_skies.domains.delivery.service.trips import (
    Leaving,
    end,
    get_overview,
    get_trip,
    list_trips,
    note_stop,
    plan,
)

__all__ = [
    "EARLIER_POSITIONS",
    "KEEP",
    "POSITIONS",
    "Answer",
    "Assignment",
    "CitySpeed",
    "Decision",
    "DispatchDesk",
    "DriverPapers",
    "HeldPaper",
    "Leaving",
    "Manifest",
    "Position",
    "PositionDesk",
    "Refusal",
    "Rounds",
    "Sheet",
    "Shift",
    "Terms",
    "Trip",
    "TripOverview",
    "TripStop",
    "Vehicle",
    "accept",
    "add_vehicle",
    "answer_by",
    "arrive",
    "assign",
    "bring_back",
    "change_vehicle",
    "context_of",
    "decline",
    "depart",
    "end",
    "end_shift",
    "end_shift_of",
    "find_driver_position",
    "forget_decisions",
    "get_driver_of_trip",
    "get_driver_papers",
    "get_manifest",
    "get_overview",
    "get_paper",
    "get_trip",
    "get_vehicle_papers",
    "hand_over",
    "held_on",
    "html_of",
    "is_offered",
    "is_on_duty",
    "license_context",
    "list_assignments",
    "list_decisions",
    "list_refusals",
    "list_stops",
    "list_trips",
    "list_vehicles",
    "lock_duty",
    "manifest_sheet",
    "note_stop",
    "pick_up",
    "plan",
    "prepare_pick_up",
    "read_entry",
    "receipt_sheet",
    "reckon",
    "renew_partitions",
    "run_round",
    "set_driver_papers",
    "set_vehicle_papers",
    "skip_manifest_numbers",
    "start_shift",
    "store_positions",
    "take_back_unanswered",
    "take_money",
    "take_money_of_trip",
    "title_of",
    "withdraw_cancelled",
]
