"""What staff cannot do as things are."""

from faded_skies.platform.errors import InvalidState


class DriverOnDuty(InvalidState):
    sentence = (
        "This driver is on a shift, or has orders to bring. Give those to another driver and have the shift ended, "
        "then change the role."
    )
