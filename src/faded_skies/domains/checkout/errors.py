"""What keeps a cart from becoming an order."""

from faded_skies.platform.errors import Absent, Invalid, InvalidState, Refused


class EmptyCart(Invalid):
    code = "EMPTY_CART"
    sentence = "Your cart is empty. Put something in it first."


class CartOrdered(EmptyCart):
    """This cart has become an order already; what still lies in it was left by a process that died."""


class BelowMinimumOrder(Invalid):
    code = "BELOW_MINIMUM_ORDER"


class CartBeingPaid(InvalidState):
    """This cart has become an order that waits for its payment. `orderId` names it."""


class ProductNotFound(Absent):
    sentence = "There is no such product on sale."


class QuantityTooLarge(Invalid):
    code = "VALIDATION_ERROR"


class NothingChanged(Invalid):
    code = "VALIDATION_ERROR"
    sentence = "This is what the order has already. Name the whole list as it shall be."


class PriceTooHigh(Refused):
    """Staff may lower a price for a substitute, never raise one."""

    def __init__(self) -> None:
        super().__init__(
            "lines", "A price may be lowered here, not raised above the one that the customer knows."
        )
