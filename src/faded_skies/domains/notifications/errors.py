"""What can go wrong with messages."""

from faded_skies.platform.errors import Absent, InvalidState, Refused


class TokenMissing(Refused):
    def __init__(self) -> None:
        super().__init__("token", "Say which device token: in the body, or as ?token=….")


class NotificationNotFound(Absent):
    sentence = "There is no such notification."


class MessageNotFound(Absent):
    sentence = "There is no such message."


class LinkNotFound(Absent):
    sentence = "This link is not ours. Use the newest one, or switch offers off in your profile."


class NothingToResend(InvalidState):
    sentence = "Only a message that failed within the last week can be sent again."


class CannotBeSwitchedOff(Refused):
    def __init__(self, topic: str) -> None:
        super().__init__(
            "topics", f"E-mail about {topic} cannot be switched off: the law or your safety needs it."
        )
