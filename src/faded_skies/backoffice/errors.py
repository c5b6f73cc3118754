"""What staff cannot do as things are."""

from faded_skies.platform.errors import InvalidState


class DriverOnDuty(InvalidState):
    sentence = (
        "This driver is on a shift, or has orders to bring. Give those to another driver and have the shift ended, "
        "then change the role."
    )


class DriverHasOrders(InvalidState):
    sentence = (
        "This driver has orders to bring, which nobody would bring after a suspension. Give them to another driver "
        "first, then suspend; an open shift is no obstacle."
    )
