"""What is decided about a drawer. Pure; amounts are whole cents."""

from enum import StrEnum

from faded_skies.platform.errors import Refused
from faded_skies.platform.money import Cents


class DrawerStatus(StrEnum):
    """A drawer is open with its shift, counted by its driver, then signed off by staff; never back."""

    OPEN = "open"
    COUNTED = "counted"
    SIGNED_OFF = "signed_off"


def read_count(said: Cents | None, *, expected: Cents) -> Cents:
    """Return what the driver counted; a drawer that nothing came into needs no count. Raises Refused."""
    if said is None and expected > 0:
        raise Refused("closingCash", "Count the cash in your drawer and send what you counted.")
    return said or 0


def difference(*, expected: Cents, received: Cents) -> Cents:
    """Return what is too much, below zero what is missing."""
    return received - expected


def check_note(note: str | None, *, expected: Cents, counted: Cents, received: Cents) -> None:
    """Raise Refused unless all three agree or a note says why they do not."""
    if note is None and not expected == counted == received:
        raise Refused(
            "note",
            "The cash differs from what should be there or from the driver's count. Say why in a note.",
        )
