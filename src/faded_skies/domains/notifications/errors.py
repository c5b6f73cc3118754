"""What can go wrong with messages."""

from faded_skies.platform.errors import Refused


class TokenMissing(Refused):
    def __init__(self) -> None:
        super().__init__("token", "Say which device token: in the body, or as ?token=….")
