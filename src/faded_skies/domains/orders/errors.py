"""What can be wrong with an order."""

from faded_skies.platform.errors import Absent, Invalid, InvalidState

__all__ = ["IllegalMove", "NotInOrder", "NothingToRefund", "OrderNotFound", "TooManyUnits"]


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
