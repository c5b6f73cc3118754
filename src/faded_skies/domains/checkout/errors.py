"""What keeps a cart from becoming an order."""

from faded_skies.platform.errors import Absent, Invalid, InvalidState


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
