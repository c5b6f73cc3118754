"""A driver's licence or identity card, as its barcode tells it."""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Literal

Country = Literal["USA", "CAN", "MEX"]


class Cut(Enum):
    """Whether the issuer had to cut a name short, by AAMVA's flags (DDE, DDF, DDG). Older cards do not tell."""

    WHOLE = "N"
    CUT = "T"
    UNKNOWN = "U"


@dataclass(frozen=True, slots=True)
class Licence:
    """What the barcode holds that we use; the rest of it (address, height, organ donor …) is never read.

    `number` is in capitals, letters and digits only, so that one card always gives one number. `issuer` is the
    two-letter state, territory or province that made the card. Names are as printed, usually in capitals;
    `first_name` is empty for people with one name. `iin` is the issuer's number and `version` AAMVA's edition, from
    the header.
    The barcode carries no signature: it proves nothing about the card's being genuine.
    """

    number: str
    issuer: str | None
    country: Country | None
    family_name: str
    first_name: str
    middle_names: str
    suffix: str | None
    family_cut: Cut
    first_cut: Cut
    middle_cut: Cut
    date_of_birth: date
    expires_on: date | None
    issued_on: date | None
    iin: str
    version: int
    document_type: Literal["drivers_license", "state_id"] = "drivers_license"

    @property
    def full_name(self) -> str:
        parts = (self.first_name, self.middle_names, self.family_name, self.suffix)
        return " ".join(part for part in parts if part)
