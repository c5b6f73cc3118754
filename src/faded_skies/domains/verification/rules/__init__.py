"""What a licence's barcode says, and whether it is this person's. Pure: the day is a value."""

from faded_skies.domains.verification.rules.aamva import parse_licence
from faded_skies.domains.verification.rules.deciding import (
    BLOCKED,
    LONGEST_OPEN,
    NOBODY_LOOKED,
    NOT_ACCEPTED,
    Outcome,
    Ownership,
    may_hand_in,
    outcome,
    plain_number,
    poll_delay,
    told_to_be_ruled_out,
)
from faded_skies.domains.verification.rules.licence import Licence
from faded_skies.domains.verification.rules.matching import Findings, check_licence, name_fits

__all__ = [
    "BLOCKED",
    "LONGEST_OPEN",
    "NOBODY_LOOKED",
    "NOT_ACCEPTED",
    "Findings",
    "Licence",
    "Outcome",
    "Ownership",
    "check_licence",
    "may_hand_in",
    "name_fits",
    "outcome",
    "parse_licence",
    "plain_number",
    "poll_delay",
    "told_to_be_ruled_out",
]
