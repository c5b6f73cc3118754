"""What can go wrong with coins."""

from typing import ClassVar

from faded_skies.platform.errors import Kind, Situation


class InsufficientCoins(Situation):
    """The account holds fewer coins than were to be spent; nothing was taken."""

    kind: ClassVar[Kind] = Kind.PAYMENT
    code: ClassVar[str] = "PAYMENT_FAILED"
    sentence = "You have fewer FS coins than that. Use fewer coins, or pay the rest another way."

    def __init__(self) -> None:
        super().__init__(declineCode="insufficient_coins")
