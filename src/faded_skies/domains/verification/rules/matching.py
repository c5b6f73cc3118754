"""Whether a licence is this customer's, and lets them shop: what fits, what does not, and why."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from faded_skies.domains.verification.rules.licence import Licence
from faded_skies.domains.verification.rules.names import NameFit, fit
from faded_skies.platform.calendar import completed_years


class Validity(Enum):
    VALID = "valid"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Findings:
    """What comparing a licence with an account found; `reasons` are sentences for staff, one for each doubt.

    `clear` says that nothing at all speaks against it. It still says nothing about the card's being genuine.
    """

    birth_date_equal: bool
    name: NameFit
    validity: Validity
    of_age: bool
    american: bool
    reasons: tuple[str, ...]

    @property
    def clear(self) -> bool:
        return not self.reasons


def name_fits(full_name: str, licence: Licence) -> bool:
    """Tell whether the name as the customer wrote it may be the licence's, as far as the card had room."""
    return fit(full_name, licence) is not NameFit.DIFFERS


def check_licence(
    licence: Licence, *, full_name: str, date_of_birth: date, today: date, legal_age: int
) -> Findings:
    """Compare. The age is judged by the licence's birth date; a licence is good through its last day.

    `legal_age` is in completed years. A card of another country is never clear: which of them are good differs from
    state to state.
    """
    equal = licence.date_of_birth == date_of_birth
    name = fit(full_name, licence)
    of_age = completed_years(licence.date_of_birth, on=today) >= legal_age
    american = licence.country == "USA"
    validity = Validity.UNKNOWN
    if licence.expires_on is not None:
        validity = Validity.VALID if today <= licence.expires_on else Validity.EXPIRED
    doubts = (
        (not equal, "The birth date on the licence is not the one of the account."),
        (name is NameFit.DIFFERS, "The name on the licence is not the one of the account."),
        (validity is Validity.EXPIRED, f"The licence expired on {licence.expires_on}."),
        (validity is Validity.UNKNOWN, "The barcode does not tell when the licence expires."),
        (not of_age, f"By the licence this person is not {legal_age} yet."),
        (not american, "The licence was not issued in the United States."),
    )
    return Findings(
        birth_date_equal=equal,
        name=name,
        validity=validity,
        of_age=of_age,
        american=american,
        reasons=tuple(sentence for applies, sentence in doubts if applies),
    )
