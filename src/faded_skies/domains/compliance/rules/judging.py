"""The engine: facts in, one decision of every rule that was asked out. Pure, and quick enough for every order."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from faded_skies.domains.compliance.rules.book import (
    Hours,
    LoadCap,
    Rule,
    RuleBook,
    Stage,
    TripRules,
    standing_rules,
)
from faded_skies.domains.compliance.rules.days import (
    business_day,
    hours_of,
    minute_of_day,
    of_age,
)
from faded_skies.domains.compliance.rules.facts import (
    Decision,
    DoorFacts,
    Line,
    OrderFacts,
    Outcome,
    Paper,
    Place,
    TripFacts,
)
from faded_skies.domains.compliance.rules.limits import (
    LimitUse,
    limit_uses,
    unclassified,
    unknown_contents,
)
from faded_skies.domains.compliance.rules.places import barred_kind, place_allowed
from faded_skies.platform.calendar import completed_years
from faded_skies.platform.money import money_text

_OPEN_FROM = {"place_order": "We may take orders", "handover": "We may hand over"}
_NO_VEHICLE = (
    "The driver has no vehicle on the shift. Have them end the shift and begin it again with a vehicle."
)


def judge_order(book: RuleBook, facts: OrderFacts, acknowledged: frozenset[str]) -> list[Decision]:
    """Decide whether an order may be taken. A denial comes with the `code` that clients know it by."""
    answer = _Answers(book, acknowledged)
    answer.add(book.itself)
    today = business_day(book, facts.now)
    answer.add(
        book.age,
        None
        if facts.date_of_birth is None or of_age(book, facts.date_of_birth, on=today)
        else f"You have to be {book.min_age} or older to order here.",
        code="AGE_VERIFICATION_REQUIRED",
    )
    answer.place(facts.place)
    answer.hours("place_order", minute_of_day(book, facts.now))
    answer.tender(facts.tender, facts.cart)
    answer.limits(facts.bought_today, facts.cart)
    answer.deliveries(facts.deliveries_to_address_today)
    for step in book.taxes:
        answer.add(step.rule)
    for rule in standing_rules(book):
        answer.add(rule)
    return answer.given


def judge_departure(book: RuleBook, facts: TripFacts, acknowledged: frozenset[str]) -> list[Decision]:
    """Decide whether a vehicle may leave with its goods."""
    answer = _Answers(book, acknowledged)
    answer.add(book.itself)
    today = business_day(book, facts.now)
    answer.crew(facts, today)
    answer.papers("driver", facts.driver_papers, book.trips.driver_papers, today)
    answer.vehicle(facts, today)
    for cap in book.trips.caps:
        answer.load(cap, facts)
    answer.prepaid(facts)
    for place in facts.places:
        answer.place(place)
    if facts.places:
        answer.hours("handover", minute_of_day(book, facts.now))
    for document in book.documents:
        if document.event == "trip.depart":
            gaps = ", ".join(facts.missing)
            answer.add(document.rule, f"The {document.title} lacks: {gaps}." if gaps else None)
    return answer.given


def judge_handover(book: RuleBook, facts: DoorFacts, acknowledged: frozenset[str]) -> list[Decision]:
    """Decide whether the goods may be handed to the person at the door."""
    answer = _Answers(book, acknowledged)
    answer.add(book.itself)
    rule, today = book.handover.rule, business_day(book, facts.now)
    answer.add(
        book.age,
        None
        if of_age(book, facts.born_on, on=today)
        else "The person on this ID is too young today. Do not hand over: return the order to the shop.",
        code="underage",
    )
    for reason, code in _at_the_door(book, facts, today):
        answer.add(rule, reason, code=code)
    answer.place(facts.place)
    answer.hours("handover", minute_of_day(book, facts.now))
    answer.deliveries(facts.deliveries_to_address_today)
    return answer.given


def _at_the_door(book: RuleBook, facts: DoorFacts, today: date) -> Iterator[tuple[str | None, str]]:
    rules = book.handover
    yield (
        None
        if facts.document_type in rules.id_types
        else "This kind of ID may not be taken. Ask for another photo ID, or return the order to the shop.",
        "document_type",
    )
    yield (
        "This ID has expired. Ask for another valid photo ID, or return the order to the shop."
        if rules.must_be_unexpired and facts.expires_on < today
        else None,
        "document_expired",
    )
    is_same = facts.name_matches and facts.born_on == facts.known_birth_date
    yield (
        "This ID does not belong to the person who ordered. Only they can take the order: ask for them, "
        "or return it to the shop."
        if rules.same_person and not is_same
        else None,
        "another_person",
    )
    yield (
        "The person who takes the goods has to sign. Let them sign on your device and send it again."
        if rules.signature == "required" and not facts.signed
        else None,
        "signature",
    )


def refused(decisions: Iterable[Decision]) -> list[Decision]:
    """Return what stands against it: denials first, then what the operator would have to acknowledge."""
    against = [one for one in decisions if one.outcome is not Outcome.ALLOW]
    return sorted(against, key=lambda one: one.outcome is not Outcome.DENY)


def outcome_of(decisions: Iterable[Decision]) -> Outcome:
    """Return what all answers come to."""
    against = refused(decisions)
    return against[0].outcome if against else Outcome.ALLOW


def counts(book: RuleBook, rule: Rule, acknowledged: frozenset[str]) -> bool:
    """Tell whether a rule may allow anything: it is verified, or the operator answers for it."""
    return not rule.unverified or rule.id in acknowledged or book.on_unverified == "warn"


class _Answers:
    """Collects the answers of one question."""

    def __init__(self, book: RuleBook, acknowledged: frozenset[str]) -> None:
        self._book = book
        self._acknowledged = acknowledged
        self.given: list[Decision] = []

    def add(self, rule: Rule, denial: str | None = None, *, code: str | None = None) -> None:
        """Add a rule's answer: a denial is its reason; a rule that nobody answers for allows nothing."""
        if denial is not None:
            self.given.append(Decision(rule.id, Outcome.DENY, denial, rule.source, code))
        elif counts(self._book, rule, self._acknowledged):
            self.given.append(Decision(rule.id, Outcome.ALLOW, "", rule.source))
        else:
            outcome = Outcome.DENY if self._book.on_unverified == "deny" else Outcome.NEEDS_ACKNOWLEDGEMENT
            reason = f"The rule {rule.id} is not verified ({rule.source}), and the operator has not acknowledged it."
            self.given.append(Decision(rule.id, outcome, reason, rule.source, "RULE_UNVERIFIED"))

    def place(self, place: Place) -> None:
        rule = self._book.places.rule
        kind = barred_kind(self._book, place)
        denial = None
        if not place_allowed(self._book, city=place.city, state=place.state):
            denial = "We may not deliver in this town."
        elif kind is not None:
            denial = (
                f"The law bars deliveries to this place ({kind.replace('_', ' ')}). Choose another address."
            )
        self.add(rule, denial, code="OUTSIDE_DELIVERY_AREA")

    def hours(self, stage: Stage, minute: int) -> None:
        for hours in hours_of(self._book, stage):
            is_open = hours.opens_minute <= minute < hours.closes_minute
            self.add(hours.rule, None if is_open else _closed(stage, hours), code="OUTSIDE_DELIVERY_HOURS")

    def tender(self, tender: str, cart: Sequence[Line]) -> None:
        rules = self._book.tender_rules
        denial = None if tender in rules.allowed else "The law does not allow paying this way here."
        self.add(rules.rule, denial, code="TENDER_NOT_ALLOWED")
        classes = {line.product_class for line in cart}
        for bar in self._book.tender_bars:
            barred = tender in bar.tenders and not classes.isdisjoint(bar.classes)
            self.add(bar.rule, bar.reason if barred else None, code="TENDER_NOT_ALLOWED")

    def limits(self, bought_today: Sequence[Line], cart: Sequence[Line]) -> None:
        uses = limit_uses(self._book, bought_today, cart)
        for group in self._book.limits.groups:
            passed = [use for use in uses if use.rule is group.rule and use.exceeded]
            self.add(group.rule, passing(passed[0]) if passed else None, code="PURCHASE_LIMIT_EXCEEDED")
        for unknown in unknown_contents(self._book, cart):
            self.add(
                unknown.rule,
                f"We may not sell this {unknown.product_class}: what is in it has not been entered yet.",
                code="PRODUCT_NOT_SELLABLE",
            )
        for product_class in unclassified(self._book, cart):
            self.add(
                self._book.itself,
                f"We may not sell goods of the kind {product_class} here.",
                code="PRODUCT_NOT_SELLABLE",
            )
        in_cart = {line.product_class for line in cart}
        for rule in {
            told.rule.id: told.rule
            for product_class in in_cart
            for told in self._book.limits.classify.get(product_class, ())
            if told.rule.unverified
        }.values():
            self.add(rule)

    def deliveries(self, today: int) -> None:
        most = self._book.handover.deliveries_per_address_per_day
        denial = (
            f"The law allows {most} {'delivery' if most == 1 else 'deliveries'} to one address a day."
            if most and today >= most
            else None
        )
        self.add(self._book.handover.rule, denial, code="DELIVERED_TODAY")

    def crew(self, facts: TripFacts, today: date) -> None:
        rules = self._book.trips
        old_enough = (
            facts.driver_born_on is not None
            and completed_years(facts.driver_born_on, on=today) >= rules.driver_min_age
        )
        self.add(
            rules.rule,
            None
            if old_enough
            else f"The driver has to be {rules.driver_min_age} or older, and their birth date known.",
        )
        needed = people_needed(rules, facts.value_cents)
        self.add(
            rules.rule,
            None if facts.people >= needed else f"With this load {needed} people have to be on board.",
        )

    def papers(self, whose: str, papers: Sequence[Paper], needed: frozenset[str], today: date) -> None:
        good = {paper.kind for paper in papers if paper.expires_on is None or paper.expires_on >= today}
        lacking = sorted(needed - good)
        words = ", ".join(kind.replace("_", " ") for kind in lacking)
        self.add(
            self._book.trips.rule,
            f"The {whose} lacks a valid paper: {words}. Enter it with its last day." if lacking else None,
        )

    def vehicle(self, facts: TripFacts, today: date) -> None:
        rules = self._book.trips
        by_kind = [cap.rule for cap in rules.caps if cap.vehicle != "any"]
        if facts.vehicle_enclosed is not None or not (rules.vehicle_papers or by_kind):
            self.papers("vehicle", facts.vehicle_papers, rules.vehicle_papers, today)
        else:
            self.add(rules.rule if rules.vehicle_papers else by_kind[0], _NO_VEHICLE)

    def load(self, cap: LoadCap, facts: TripFacts) -> None:
        if cap.vehicle != "any" and facts.vehicle_enclosed is None:
            return
        if cap.vehicle != "any" and (cap.vehicle == "enclosed") != facts.vehicle_enclosed:
            return
        carried = facts.value_cents if cap.measure == "value_cents" else facts.weight_mg
        self.add(cap.rule, None if carried <= cap.most else _too_much(cap, carried))

    def prepaid(self, facts: TripFacts) -> None:
        least = self._book.trips.prepaid_share_min
        denial = (
            f"At least {least * 100:.0f} % of the value on board has to be ordered and paid before departure."
            if facts.prepaid_cents < facts.value_cents * least
            else None
        )
        self.add(self._book.trips.rule, denial)


def people_needed(rules: TripRules, value_cents: int) -> int:
    """Return how many people have to be on board with goods of a value."""
    return next((people for most, people in rules.staff if most is None or value_cents <= most), 1)


def passing(use: LimitUse) -> str:
    """Return the sentence for a limit that is passed, saying by how much."""
    if use.unit == "percent":
        return f"Together this would be {use.used} % of what the law allows. Take something out of the cart."
    a_day = " a day" if use.period == "local_day" else " at once"
    today = " with what you bought today" if use.period == "local_day" else ""
    return (
        f"{use.name}: the law allows {use.most} {use.unit}{a_day}, and this would make "
        f"{use.used} {use.unit}{today}. Take something out of the cart."
    )


def _closed(stage: Stage, hours: Hours) -> str:
    return f"{_OPEN_FROM[stage]} between {_clock(hours.opens_minute)} and {_clock(hours.closes_minute)} only."


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _too_much(cap: LoadCap, carried: int) -> str:
    if cap.measure == "value_cents":
        return (
            f"The goods on board are worth {money_text(carried)}; "
            f"at most {money_text(cap.most)} may be carried. Take fewer orders."
        )
    return (
        f"The goods on board weigh {carried / 1000:,.1f} g; "
        f"at most {cap.most / 1000:,.1f} g may be carried. Take fewer orders."
    )
