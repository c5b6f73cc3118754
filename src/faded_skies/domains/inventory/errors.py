"""What can be wrong with stock and lots."""

from faded_skies.platform.errors import Absent, Conflict, Invalid, InvalidState


class OutOfStock(Conflict):
    """`items` lists what is short: product id, name, what was asked for and what is left."""

    code = "OUT_OF_STOCK"


class LotNotFound(Absent):
    sentence = "There is no such lot."


class TagTaken(Conflict):
    """Another lot has this tag."""

    code = "TAG_TAKEN"


class LotNotSellable(InvalidState):
    """A lot that is on hold, recalled, expired or without a passed test was scanned."""


class WrongLot(Invalid):
    """The scanned tag does not fit the order."""

    code = "WRONG_LOT"


class TooFewUnits(Conflict):
    """A lot has fewer units than were scanned or taken off."""

    code = "TOO_FEW_UNITS"


class KeptByLots(InvalidState):
    sentence = "This product's stock is kept by lots. Receive a lot, or adjust the one whose units were found or lost."


class NotPacked(InvalidState):
    """Units of products with lots are not bound to tags yet; `missing` lists products and how many."""


class AlreadyCounted(Invalid):
    """More units were said to be counted already than are counted without a lot."""

    code = "ALREADY_COUNTED"
