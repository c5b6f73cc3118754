"""A card that somebody shows at the door: what its barcode says, and whether it is theirs."""

from dataclasses import dataclass
from datetime import date

from faded_skies.domains.verification import rules
from faded_skies.domains.verification.errors import UnreadableLicence


@dataclass(frozen=True, slots=True)
class Card:
    """What a handover needs of a card; a card of another country is a `foreign_license`.

    The barcode carries no signature: it says nothing about the card's being genuine.
    """

    document_type: str
    born_on: date
    expires_on: date
    name_matches: bool


def read_card(barcode: str, *, full_name: str, today: date) -> Card:
    """Read the text of a card's PDF417 for the person of this name. Raises NotALicence, UnreadableLicence."""
    licence = rules.parse_licence(barcode, today=today)
    if licence.expires_on is None:
        raise UnreadableLicence("The barcode does not tell when the card expires. Check it by eye.")
    american = licence.country == "USA"
    return Card(
        document_type=licence.document_type if american else "foreign_license",
        born_on=licence.date_of_birth,
        expires_on=licence.expires_on,
        name_matches=rules.name_fits(full_name, licence),
    )
