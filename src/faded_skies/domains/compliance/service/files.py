"""What may stand in a rule file. Unknown words are refused, so that a slip of the finger is no missing rule."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from faded_skies.domains.compliance.rules.taxes import COMPONENTS
from faded_skies.platform.calendar import known_zones

Grade = Literal["P", "S", "W", "U", "example"]
ProductClass = Literal[
    "flower",
    "preroll",
    "vape",
    "concentrate",
    "edible",
    "beverage",
    "tincture",
    "topical",
    "plant",
    "accessory",
]
Tender = Literal["card", "apple_pay", "google_pay", "fs_coin", "cash"]
IdType = Literal["drivers_license", "state_id", "passport", "military_id"]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Text = Annotated[str, Field(min_length=1, max_length=300)]


def _written_as_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('write it as a text, such as "0.15": a binary fraction would not be exact')  # noqa: TRY004 - pydantic reports ValueErrors
    return value


def _minute(value: object) -> object:
    hour, colon, minute = str(value).partition(":")
    is_time = colon and hour.isdigit() and minute.isdigit() and len(hour) == len(minute) == 2  # noqa: PLR2004 - HH:MM
    if not is_time or int(minute) >= 60:  # noqa: PLR2004 - minutes
        raise ValueError('write a local time as "HH:MM"')
    return int(hour) * 60 + int(minute)


def _zone(value: str) -> str:
    if value not in known_zones():
        raise ValueError("no such time zone; write one of the IANA database, such as America/Denver")
    return value


Rate = Annotated[Decimal, BeforeValidator(_written_as_text), Field(ge=0, le=1)]
Minute = Annotated[int, BeforeValidator(_minute), Field(ge=0, le=1440)]


class Part(BaseModel):
    """A part of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Sourced(Part):
    """A part that is a rule: it names its source, and says so when its words could not be verified."""

    source: Word
    status: Literal["unverified"] | None = None


class Dated(Sourced):
    """A rule that holds from one day through another."""

    starts: Annotated[date | None, Field(alias="from")] = None
    ends: Annotated[date | None, Field(alias="to")] = None

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.starts and self.ends and self.ends < self.starts:
            raise ValueError("it ends before it starts")
        return self

    def holds_on(self, day: date) -> bool:
        """Tell whether it is in force on a local day."""
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)

    def overlaps(self, other: "Dated") -> bool:
        """Tell whether there is a day on which both are in force."""
        starts = max(self.starts or date.min, other.starts or date.min)
        return starts <= min(self.ends or date.max, other.ends or date.max)

    @property
    def changes_on(self) -> list[date]:
        """The days on which it starts to hold, or has stopped to."""
        after = None if self.ends in {None, date.max} else self.ends + timedelta(days=1)
        return [day for day in (self.starts, after) if day is not None]


class Jurisdiction(Part):
    id: Annotated[str, Field(pattern=r"^[a-z]{2}-[a-z]{2}(-[a-z]+)?$")]
    name: Text
    country: Literal["US"]
    level: Literal["state"]
    timezone: Annotated[str, AfterValidator(_zone)]
    fictional: bool
    reviewed_on: date
    review_by: date | None = None
    effective_from: date = date(2000, 1, 1)
    on_unverified: Literal["deny", "require_ack", "warn"] = "require_ack"


class Source(Part):
    ref: Text
    seen: date
    grade: Grade
    url: Text | None = None
    note: Text | None = None


class AdultUse(Sourced):
    min_age: Annotated[int, Field(ge=18, le=30)]


class HoursPart(Dated):
    id: Word
    applies_to: Annotated[list[Literal["place_order", "handover"]], Field(min_length=1)]
    opens: Minute
    closes: Minute

    @model_validator(mode="after")
    def _span(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError(
                "it closes before it opens; hours over midnight cannot be written: close at 24:00"
            )
        return self


class Address(Sourced):
    states: Annotated[list[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]], Field(min_length=1)]
    municipalities: list[Text] | None = None
    barred_municipalities: list[Text] = []
    barred_kinds: list[Word] = []


class Tenders(Sourced):
    allowed: Annotated[list[Tender], Field(min_length=1)]


class TenderBarPart(Sourced):
    id: Word
    tenders: list[Tender]
    classes: list[ProductClass]
    reason: Text


class CapPart(Part):
    bucket: Word
    label: Text
    unit: Literal["mg", "count"]
    max: Annotated[int, Field(gt=0)]


class LimitPart(Dated):
    id: Word
    mode: Literal["independent", "proportional", "total_with_sublimits"]
    period: Literal["transaction", "local_day"]
    caps: Annotated[list[CapPart], Field(min_length=1)]


class ClassifyPart(Dated):
    product_class: Annotated[ProductClass, Field(alias="class")]
    bucket: Word
    measure: Literal["net_mg", "thc_mg", "count"]


class LimitsPart(Part):
    unknown_content: Literal["deny", "count_zero"] = "deny"
    uncounted: list[ProductClass] = []
    """Classes that no limit counts."""


class TaxPart(Dated):
    id: Word
    name: Text
    kind: Literal["state", "cannabis", "local"]
    rate: Rate | None = None
    rates_by_city: dict[str, Rate] = {}
    base: Annotated[list[str], Field(min_length=1)]
    except_classes: list[ProductClass] = []
    rounding: Literal["half_up", "up", "down"] = "half_up"
    round_at: Literal["order_tax", "line"] = "order_tax"
    before: Word | None = None
    """In a town's file: the step that this one is taken before."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.rate is None and not self.rates_by_city:
            raise ValueError("a tax needs a rate, or rates_by_city")
        return self

    @field_validator("base")
    @classmethod
    def _known(cls, base: list[str]) -> list[str]:
        for name in base:
            if name not in COMPONENTS and not name.startswith("tax:"):
                raise ValueError(
                    f"{name} is no base; known are {', '.join(COMPONENTS)} and tax:<id> of a step"
                )
        if not set(base) & {"cannabis_price", "other_goods_price"}:
            raise ValueError("a tax is on a price of goods: cannabis_price, other_goods_price or both")
        if len(set(base)) < len(base):
            raise ValueError("each base counts once: it is named twice")
        return base


class LocalPart(Part):
    """Which steps of taxes towns may add, so that the state's bases can name them."""

    taxes: list[Word] = []


class StaffPart(Part):
    people: Annotated[int, Field(ge=1, le=5)]
    up_to_cents: Annotated[int, Field(gt=0)] | None = None


class Trip(Sourced):
    driver_min_age: Annotated[int, Field(ge=18, le=30)]
    driver_papers: list[Word] = []
    vehicle_papers: list[Word] = []
    prepaid_share_min: Rate = Decimal(0)
    staff: list[StaffPart] = []

    @field_validator("staff")
    @classmethod
    def _rising(cls, staff: list[StaffPart]) -> list[StaffPart]:
        most = [part.up_to_cents for part in staff]
        bounds = [cents for cents in most if cents is not None]
        if staff and (most != [*bounds, None] or bounds != sorted(set(bounds))):
            raise ValueError(
                "name the smallest load first, and last the people for all beyond, without up_to_cents"
            )
        return staff


class Load(Sourced):
    vehicle: Literal["enclosed", "open", "any"]
    max_value_cents: Annotated[int, Field(gt=0)] | None = None
    max_weight_mg: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.max_value_cents is None) == (self.max_weight_mg is None):
            raise ValueError("a load has max_value_cents or max_weight_mg, one of them")
        return self


class Handover(Sourced):
    id_types: Annotated[list[IdType], Field(min_length=1)]
    must_be_unexpired: bool
    same_person: bool
    signature: Literal["none", "acknowledgement", "required"]
    deliveries_per_address_per_day: Annotated[int, Field(ge=0)] = 0


class Positions(Sourced):
    live_to_customer: bool
    history_days: Annotated[int, Field(ge=1, le=3660)]


class Document(Sourced):
    kind: Literal["manifest", "completion", "receipt"]
    title: Text
    event: Literal["trip.depart", "stop.arrive", "stop.delivered"]
    fields: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z_]+(\[\])?(\.[a-z_]+(\[\])?)*$")]], Field(min_length=1)
    ]


class Reporting(Sourced):
    system: Literal["none", "metrc"]
    flow: Literal["receipts", "deliveries", "retailer_delivery"] = "receipts"
    due: Literal["before", "end_of_local_day", "within_hours"] = "end_of_local_day"
    due_hours: Annotated[int, Field(ge=1, le=24 * 31)] = 24


class Privacy(Sourced):
    id_image: Literal["allowed", "forbidden"]
    id_image_days: Annotated[int, Field(ge=0, le=3660)] = 0


class Retention(Sourced):
    records_days: Annotated[int, Field(ge=1, le=36_600)]


class RuleFile(Part):
    """A state's file, whole."""

    version: Annotated[Literal[1], Field(alias="schema")]
    jurisdiction: Jurisdiction
    sources: dict[Word, Source]
    adult_use: AdultUse
    hours: list[HoursPart] = []
    address: Address
    tenders: Tenders
    tender_bar: list[TenderBarPart] = []
    limits: LimitsPart = LimitsPart()
    limit: list[LimitPart]
    classify: list[ClassifyPart]
    tax: list[TaxPart]
    local: LocalPart = LocalPart()
    trip: Trip
    load: list[Load] = []
    handover: Handover
    positions: Positions
    document: list[Document] = []
    reporting: Reporting
    privacy: Privacy
    retention: Retention


class Town(Part):
    id: Annotated[str, Field(pattern=r"^[a-z]{2}-[a-z]{2}(-[a-z]+)?/[a-z0-9-]+$")]
    name: Text
    level: Literal["city", "county"]
    towns: Annotated[list[Text], Field(min_length=1)]
    reviewed_on: date


class TownAddress(Sourced):
    municipalities: list[Text] | None = None
    barred: bool = False
    barred_kinds: list[Word] = []


class TaxRate(Sourced):
    """What a town adds to the rate of a step of its state."""

    id: Word
    rate: Rate


class TownFile(Part):
    """A town's or a county's file: what is stricter there, and its taxes. What it does not say is as in its state."""

    version: Annotated[Literal[1], Field(alias="schema")]
    extends: str
    jurisdiction: Town
    sources: dict[Word, Source]
    adult_use: AdultUse | None = None
    hours: list[HoursPart] = []
    address: TownAddress | None = None
    tenders: Tenders | None = None
    tender_bar: list[TenderBarPart] = []
    limit: list[LimitPart] = []
    tax: list[TaxPart] = []
    tax_rate: list[TaxRate] = []
    trip: Trip | None = None
    load: list[Load] = []
    handover: Handover | None = None
    positions: Positions | None = None
    document: list[Document] = []
    privacy: Privacy | None = None
    retention: Retention | None = None

    def stricter(self) -> dict[str, Any]:
        """Return the parts that stand in place of the state's."""
        names = ("adult_use", "tenders", "trip", "handover", "positions", "privacy", "retention")
        return {name: part for name in names if (part := getattr(self, name)) is not None}
