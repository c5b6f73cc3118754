"""What stands against closing an account."""

from faded_skies.platform.errors import InvalidState


class StillOnDuty(InvalidState):
    sentence = (
        "You are on a shift or have orders to bring. Finish them and end the shift, then close the account."
    )
