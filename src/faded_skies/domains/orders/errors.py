"""What can be wrong with an order."""

from faded_skies.platform.errors import Absent, InvalidState

__all__ = ["IllegalMove", "OrderNotFound"]


class OrderNotFound(Absent):
    sentence = "There is no such order in your account."


class IllegalMove(InvalidState):
    """The order's state does not allow this step."""
