"""What can be wrong with an order."""

from faded_skies.platform.errors import Absent, Invalid, InvalidState

__all__ = [
    "AmendmentNotDearer",
    "AmendmentNotFound",
    "AmendmentOver",
    "AmendmentWaits",
    "IllegalMove",
    "NotAmendable",
    "NotInOrder",
    "NothingToRefund",
    "OrderNotFound",
    "TooManyUnits",
]


class OrderNotFound(Absent):
    sentence = "There is no such order in your account."


class IllegalMove(InvalidState):
    """The order's state does not allow this step."""


class NotInOrder(Invalid):
    code = "VALIDATION_ERROR"
    sentence = "One of these products is not in this order. Name products of the order, each once."


class TooManyUnits(InvalidState):
    """More units were named than were bought and not given back yet."""


class NothingToRefund(InvalidState):
    sentence = "Nothing is left of this order to give back: it was not paid, or all of it went back already."


class AmendmentNotFound(Absent):
    sentence = "There is no such change of this order."


class NotAmendable(InvalidState):
    """The order can no longer be changed, or not in this way."""


class AmendmentWaits(InvalidState):
    """One proposal is open already. `amendmentId` names it."""


class AmendmentOver(InvalidState):
    """The proposal was answered, taken back or closed, or its time is over."""


class AmendmentNotDearer(Invalid):
    """The order is paid, or coins paid it, and the change would cost more."""

    code = "AMENDMENT_NOT_DEARER"
