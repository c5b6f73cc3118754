"""What can be wrong on the road and at the door."""

from typing import ClassVar

from faded_skies.platform.errors import Absent, Conflict, Invalid, InvalidState, Kind, Situation


class DriverNotFound(Absent):
    sentence = "There is no such driver, or their account is not active. Choose another driver."


class VehicleNotFound(Absent):
    sentence = "There is no such vehicle in use. Choose another one."


class VehicleInUse(Conflict):
    code = "VEHICLE_IN_USE"
    sentence = (
        "Another driver has this vehicle on their shift. Choose another one, or have them end their shift."
    )


class NotOutForDelivery(InvalidState):
    sentence = "This order is not out for delivery. Pick it up first, or refresh your list if it is done."


class IdCheckFailed(Invalid):
    """The handover is refused.

    `reason` is one of `underage`, `document_type`, `document_expired`, `another_person`.
    """

    code = "ID_CHECK_FAILED"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence, reason=reason)


class SignatureRequired(Invalid):
    code = "SIGNATURE_REQUIRED"


class HandoverRefused(Invalid):
    """The law refuses this handover for what is neither the person nor their paper; `reasons` say why."""

    code = "HANDOVER_REFUSED"


class DepartureRefused(Invalid):
    """The law does not let the vehicle leave; `reasons` lists each rule with its reason."""

    code = "DEPARTURE_REFUSED"


class NotReadyToDepart(Conflict):
    """The goods are not as planned; `reasons` says it of each order."""

    code = "DEPARTURE_REFUSED"


class TripNotFound(Absent):
    sentence = "You have no such trip. Plan one first."


class TripUnderWay(InvalidState):
    sentence = "You are on a trip. End it first, then plan the next one."


class TripPlanned(InvalidState):
    sentence = "You have planned a trip. Depart with it, or end it first."


class TripChanged(InvalidState):
    sentence = "This trip was changed on another device just now. Look at it again, then depart."


class TripOver(InvalidState):
    sentence = "This trip is over. Plan another one."


class NotDeparted(InvalidState):
    sentence = "This trip has not departed yet."


class StopsOpen(InvalidState):
    """Orders are still on board; `orderNumbers` names them."""


class NotPacked(InvalidState):
    """Orders that cannot go on a trip; `orderNumbers` names them."""


class PlateTaken(Conflict):
    code = "PLATE_TAKEN"
    sentence = "Another vehicle has this plate. Change that one, or look at the plate again."


class VehicleOnShift(InvalidState):
    sentence = "A driver has this vehicle on their shift. Have them end it, then take the vehicle out of use."


class ManifestNotFound(Absent):
    sentence = "There is no such manifest: it is made when the trip departs."


class NoReceiptYet(InvalidState):
    sentence = "There is no receipt before the order is confirmed."


class NotHandedOver(InvalidState):
    sentence = "There is no record of a handover before the order is delivered."


class CashMissing(Invalid):
    """Less cash than is due; `amountDue` in dollars."""

    code = "CASH_MISSING"


class CashOrderOut(InvalidState):
    sentence = "You still have a cash order on the road. Deliver it or bring it back, then end your shift."


class DriverOnTheRoad(Conflict):
    """Orders are in the vehicle of a driver whose shift staff wants to end; `orderNumbers` names them."""

    code = "DRIVER_ON_THE_ROAD"


class NotPaid(Situation):
    """The money of an order that was authorised could not be taken."""

    kind: ClassVar[Kind] = Kind.PAYMENT
    code: ClassVar[str] = "PAYMENT_FAILED"
    sentence = (
        "The customer's bank did not pay for this order. Leave it in the shop: staff asks the customer to pay "
        "another way."
    )


class AnswerTooLate(InvalidState):
    sentence = "You have left with this order. Deliver it or bring it back."


class OnPlannedTrip(InvalidState):
    sentence = "This order is on the trip that you have planned. Plan the trip without it, then decline."


class NotArrived(InvalidState):
    sentence = "Say that you have arrived first, then wait for the customer."


class NoShowTooEarly(InvalidState):
    """The customer still has time to come to the door; `waitUntil` and `waitSeconds` say how long."""

    code = "NO_SHOW_TOO_EARLY"
