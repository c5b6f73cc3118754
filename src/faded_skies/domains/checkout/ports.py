"""What checkout works with."""

from dataclasses import dataclass
from datetime import date

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law, RuleBook
from faded_skies.domains.payments.ports import CapturePolicy, CardTerms, Gateways
from faded_skies.domains.places.ports import Gazetteer
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.ratelimit import Gate
from faded_skies.platform.valkey import Valkey


@dataclass(frozen=True, slots=True)
class Checkout:
    """The parts that every use case of checkout needs; bootstrap puts them together."""

    db: Database
    valkey: Valkey
    law: Law
    gazetteer: Gazetteer
    gateways: Gateways
    card_terms: CardTerms
    capture: CapturePolicy
    gate: Gate

    @property
    def book(self) -> RuleBook:
        """The rules of this moment, outside of any town."""
        return self.law.at(clock.now())

    @property
    def today(self) -> date:
        """The shop's local day."""
        return compliance.business_day(self.book, clock.now())
