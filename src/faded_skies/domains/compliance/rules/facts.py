"""What the engine is told, and what it answers. Cents, milligrams, aware datetimes, local dates. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Outcome(StrEnum):
    """What a rule says of the facts. One that is not verified and not acknowledged cannot allow."""

    ALLOW = "allow"
    DENY = "deny"
    NEEDS_ACKNOWLEDGEMENT = "needs_acknowledgement"


@dataclass(frozen=True, slots=True)
class Decision:
    """One rule's answer. `code` is the refusal that clients see; `reason` a sentence for the person it concerns."""

    rule: str
    outcome: Outcome
    reason: str
    source: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What the law sees of one line: how much of which class, and its price (cents).

    Net weight and THC are milligrams of one unit, None where the product does not say.
    """

    product_class: str
    quantity: int
    total_cents: int
    net_weight_mg: int | None
    thc_mg: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is brought. `kinds` are the kinds of barred places it lies in, such as k12_school."""

    city: str
    state: str | None
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as the law sees it. `bought_today` is what the customer bought since local midnight."""

    now: datetime
    date_of_birth: date | None
    place: Place
    tender: str
    cart: Sequence[Line]
    bought_today: Sequence[Line]
    deliveries_to_address_today: int = 0


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper of a driver or a vehicle; its last good day, None for one that never ends."""

    kind: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class TripFacts:
    """A trip that is about to depart. `people` are those on board; `missing` the fields its papers lack.

    `vehicle_enclosed` is None where the driver has no vehicle.
    `places` are where what leaves now is brought: none where these rules are those of what is on board already.
    """

    now: datetime
    driver_born_on: date | None
    driver_papers: Sequence[Paper]
    vehicle_enclosed: bool | None
    vehicle_papers: Sequence[Paper]
    people: int
    value_cents: int
    weight_mg: int
    prepaid_cents: int
    places: Sequence[Place]
    missing: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """What the driver found at the door. `known_birth_date` is the customer's as we know it."""

    now: datetime
    document_type: str
    born_on: date
    expires_on: date
    name_matches: bool
    known_birth_date: date | None
    signed: bool
    deliveries_to_address_today: int
    place: Place
