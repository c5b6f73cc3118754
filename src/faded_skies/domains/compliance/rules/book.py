"""A jurisdiction's rules as values, read from its file. Cents, milligrams, local minutes and days. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

Stage = Literal["place_order", "handover"]
Tracking = Literal["none", "metrc"]
Flow = Literal["receipts", "deliveries", "retailer_delivery"]
Bound = Literal["before", "end_of_local_day", "within_hours"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a rule comes from. `fingerprint` changes with its words; an acknowledgement is of one fingerprint.

    `grade` says how sure it is: P primary text, S a dated text that cites it, W a vendor's word, U unverified.
    """

    id: str
    source: str
    seen: date
    grade: str
    unverified: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Hours:
    """Local minutes of the day between which something may happen, the end not included; 1440 is midnight."""

    rule: Rule
    applies_to: frozenset[Stage]
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True)
class PlaceRules:
    """Where may be delivered. Without `municipalities` in every town of the states that is not barred."""

    rule: Rule
    states: frozenset[str]
    municipalities: tuple[str, ...] | None
    barred_municipalities: frozenset[str]
    barred_kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class TenderRules:
    """Ways to pay that the law allows at all."""

    rule: Rule
    allowed: frozenset[str]


@dataclass(frozen=True, slots=True)
class TenderBar:
    """The law bars these ways of paying for goods of these classes; `reason` is a sentence for the customer."""

    rule: Rule
    tenders: frozenset[str]
    classes: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Cap:
    """The most of one bucket: mg, or a count."""

    bucket: str
    label: str
    unit: Literal["mg", "count"]
    most: int


@dataclass(frozen=True, slots=True)
class LimitGroup:
    """Caps that belong together.

    independent: each by itself. proportional: the used shares of all caps together may be one at most.
    total_with_sublimits: the first cap is of everything, the others of a part of it.
    """

    rule: Rule
    mode: Literal["independent", "proportional", "total_with_sublimits"]
    period: Literal["transaction", "local_day"]
    caps: tuple[Cap, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """What one unit of a class counts in a bucket: its net mg, its THC mg, or one."""

    rule: Rule
    product_class: str
    bucket: str
    measure: Literal["net_mg", "thc_mg", "count"]


@dataclass(frozen=True, slots=True)
class LimitRules:
    """What one person may buy. `unknown_content` says whether goods without their figures are refused."""

    groups: tuple[LimitGroup, ...]
    classify: Mapping[str, tuple[Classification, ...]]
    unknown_content: Literal["deny", "count_zero"]


@dataclass(frozen=True, slots=True)
class TaxStep:
    """One tax, taken in the order of the file.

    `base` names components (cannabis_price, other_goods_price, delivery_fee) and earlier steps (`tax:<id>`). A step
    has a `rate`, `rates_by_city` where the destination's town decides, or both, which add up.
    """

    rule: Rule
    id: str
    name: str
    kind: Literal["state", "cannabis", "local"]
    rate: Decimal | None
    rates_by_city: Mapping[str, Decimal]
    base: tuple[str, ...]
    except_classes: frozenset[str]
    rounding: Literal["half_up", "up", "down"]
    round_at: Literal["order_tax", "line"]


@dataclass(frozen=True, slots=True)
class LoadCap:
    """The most a vehicle may carry: cents at retail price or mg of goods; of one kind of vehicle or of all."""

    rule: Rule
    vehicle: Literal["enclosed", "open", "any"]
    measure: Literal["value_cents", "weight_mg"]
    most: int


@dataclass(frozen=True, slots=True)
class TripRules:
    """What must hold before a vehicle departs. `prepaid_share_min` is of the value on board, 0 to 1.

    `papers` are the kinds that driver and vehicle must have, unexpired.
    """

    rule: Rule
    driver_min_age: int
    driver_papers: frozenset[str]
    vehicle_papers: frozenset[str]
    caps: tuple[LoadCap, ...]
    prepaid_share_min: Decimal
    staff: tuple[tuple[int | None, int], ...]
    """Up to so many cents on board (None: without end) this many people."""


@dataclass(frozen=True, slots=True)
class HandoverRules:
    """What must hold at the door. `deliveries_per_address_per_day` 0 is no rule."""

    rule: Rule
    id_types: frozenset[str]
    must_be_unexpired: bool
    same_person: bool
    signature: Literal["none", "acknowledgement", "required"]
    deliveries_per_address_per_day: int


@dataclass(frozen=True, slots=True)
class PositionRules:
    """Whether the customer may see where the driver is, and how many days positions are kept."""

    rule: Rule
    live_to_customer: bool
    history_days: int


@dataclass(frozen=True, slots=True)
class DocumentRule:
    """A paper the law demands: its fields, for which event, and by when. `hours` belongs to `within_hours`.

    `kind` is our name for it: manifest (of a trip), completion (of a handover), receipt (of an order).
    """

    rule: Rule
    kind: Literal["manifest", "completion", "receipt"]
    title: str
    event: Literal["trip.depart", "stop.arrive", "stop.delivered"]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportingRules:
    """To which system sales are told, in which of its flows, and by when after the handover."""

    rule: Rule
    system: Tracking
    flow: Flow
    due: Bound
    due_hours: int


@dataclass(frozen=True, slots=True)
class PrivacyRules:
    """Whether a picture of the ID may be kept, and for how many days after the decision at most."""

    rule: Rule
    id_image: Literal["allowed", "forbidden"]
    id_image_days: int


@dataclass(frozen=True, slots=True)
class RuleBook:
    """One jurisdiction's rules on one day, or those of a town in it, its overlay laid on.

    `digest` is the SHA-256 of all files they were read from, kept with each order judged by them.
    """

    id: str
    name: str
    town: str | None
    fictional: bool
    on_unverified: Literal["deny", "require_ack", "warn"]
    timezone: ZoneInfo
    effective_from: date
    review_by: date | None
    age: Rule
    min_age: int
    hours: tuple[Hours, ...]
    places: PlaceRules
    tender_rules: TenderRules
    tender_bars: tuple[TenderBar, ...]
    limits: LimitRules
    taxes: tuple[TaxStep, ...]
    trips: TripRules
    handover: HandoverRules
    positions: PositionRules
    documents: tuple[DocumentRule, ...]
    reporting: ReportingRules
    privacy: PrivacyRules
    records_days: int
    digest: str
    itself: Rule
    """The file as a whole; unverified where a fictional one would have to count."""


def rules_of(book: RuleBook) -> list[Rule]:
    """Return every rule of a book once; those of a class that counts into two buckets, and of papers, share an id."""
    found = [
        book.itself,
        book.age,
        *(hours.rule for hours in book.hours),
        book.places.rule,
        book.tender_rules.rule,
        *(bar.rule for bar in book.tender_bars),
        *(group.rule for group in book.limits.groups),
        *(told.rule for several in book.limits.classify.values() for told in several),
        *(step.rule for step in book.taxes),
        book.trips.rule,
        *(cap.rule for cap in book.trips.caps),
        book.handover.rule,
        book.positions.rule,
        *(document.rule for document in book.documents),
        book.reporting.rule,
        book.privacy.rule,
    ]
    return list({(rule.id, rule.fingerprint): rule for rule in found}.values())
