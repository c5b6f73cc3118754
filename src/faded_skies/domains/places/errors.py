"""What can be wrong with an address, besides what its fields say."""

from faded_skies.platform.errors import Absent, Invalid, InvalidState


class AddressNotFound(Absent):
    sentence = "You have no such address. Choose another one, or add it."


class BarredPlaceNotFound(Absent):
    sentence = "There is no such barred place."


class AreaNotFound(Absent):
    sentence = "There is no such area."


class AreasRefused(Invalid):
    """Nothing of it was taken; `details` name each area that is drawn or named wrongly, by its place in the file."""

    code = "VALIDATION_ERROR"


class AddressChanged(InvalidState):
    sentence = (
        "This address was changed on another device just now. Look at it again, then repeat your change."
    )


class TooManyAddresses(Invalid):
    code = "TOO_MANY_ADDRESSES"


class PlaceNotFound(Absent):
    sentence = "This suggestion leads nowhere any more. Choose another one, or write the address yourself."
