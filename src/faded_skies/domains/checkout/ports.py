"""What checkout works with."""

from dataclasses import dataclass

from faded_skies.domains.compliance.service import RuleBook
from faded_skies.domains.payments.ports import PaymentGateway
from faded_skies.domains.places.ports import Gazetteer
from faded_skies.platform.db import Database
from faded_skies.platform.ratelimit import Gate
from faded_skies.platform.valkey import Valkey


@dataclass(frozen=True, slots=True)
class Checkout:
    """The parts that every use case of checkout needs; bootstrap puts them together."""

    db: Database
    valkey: Valkey
    book: RuleBook
    gazetteer: Gazetteer
    gateway: PaymentGateway
    gate: Gate
