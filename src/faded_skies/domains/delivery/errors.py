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
    """The handover is refused; `reason` is one of `underage`, `document_expired`, `another_person`."""

    code = "ID_CHECK_FAILED"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence, reason=reason)


class CashMissing(Invalid):
    """Less cash than is due; `amountDue` in dollars."""

    code = "CASH_MISSING"


class CashOrderOut(InvalidState):
    sentence = "You still have a cash order on the road. Deliver it or bring it back, then end your shift."


class NotPaid(Situation):
    """The money of an order that was authorised could not be taken."""

    kind: ClassVar[Kind] = Kind.PAYMENT
    code: ClassVar[str] = "PAYMENT_FAILED"
    sentence = (
        "The customer's bank did not pay for this order. Leave it in the shop: staff asks the customer to pay "
        "another way."
    )
