"""What can be wrong with stock."""

from faded_skies.platform.errors import Conflict


class OutOfStock(Conflict):
    """`items` lists what is short: product id, name, what was asked for and what is left."""

    code = "OUT_OF_STOCK"
