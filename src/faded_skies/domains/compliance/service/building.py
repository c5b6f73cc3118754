"""Makes rule books of what files say."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import orjson

from faded_skies.domains.compliance.rules.book import (
    Cap,
    Classification,
    DocumentRule,
    HandoverRules,
    Hours,
    LimitGroup,
    LimitRules,
    LoadCap,
    PlaceRules,
    PositionRules,
    PrivacyRules,
    ReportingRules,
    Rule,
    RuleBook,
    TaxStep,
    TenderBar,
    TenderRules,
    TripRules,
)
from faded_skies.domains.compliance.service.files import (
    LimitPart,
    Load,
    Part,
    RuleFile,
    Source,
    Sourced,
    TaxPart,
    TownFile,
)

_UNSURE = frozenset({"W", "U"})


class Builder:
    """Makes the books of one file, or of one with a town's file laid on. `fictional_counts` outside production."""

    def __init__(
        self, file: RuleFile, *, digest: str, fictional_counts: bool, town: str | None = None
    ) -> None:
        self._file = file
        self._digest = digest
        self._town = town
        self._fictional_counts = fictional_counts

    def book(self, day: date) -> RuleBook:
        """Return the rules of one local day."""
        file = self._file
        about = file.jurisdiction
        return RuleBook(
            id=about.id,
            name=about.name,
            town=self._town,
            fictional=about.fictional,
            on_unverified=about.on_unverified,
            timezone=ZoneInfo(about.timezone),
            effective_from=about.effective_from,
            review_by=about.review_by,
            itself=self._itself(),
            age=self._rule("age", file.adult_use),
            min_age=file.adult_use.min_age,
            hours=tuple(
                Hours(
                    self._rule(f"hours.{part.id}", part), frozenset(part.applies_to), part.opens, part.closes
                )
                for part in file.hours
                if part.holds_on(day)
            ),
            places=PlaceRules(
                rule=self._rule("places", file.address),
                states=frozenset(file.address.states),
                municipalities=None
                if file.address.municipalities is None
                else tuple(file.address.municipalities),
                barred_municipalities=frozenset(
                    name.casefold() for name in file.address.barred_municipalities
                ),
                barred_kinds=frozenset(file.address.barred_kinds),
            ),
            tender_rules=TenderRules(self._rule("tenders", file.tenders), frozenset(file.tenders.allowed)),
            tender_bars=tuple(
                TenderBar(
                    self._rule(f"tenders.{bar.id}", bar),
                    frozenset(bar.tenders),
                    frozenset(bar.classes),
                    bar.reason,
                )
                for bar in file.tender_bar
            ),
            limits=LimitRules(
                groups=tuple(self._group(part) for part in file.limit if part.holds_on(day)),
                classify=self._classify(day),
                unknown_content=file.limits.unknown_content,
            ),
            taxes=tuple(self._step(part) for part in file.tax if part.holds_on(day)),
            trips=self._trips(),
            handover=HandoverRules(
                rule=self._rule("handover", file.handover),
                id_types=frozenset(file.handover.id_types),
                must_be_unexpired=file.handover.must_be_unexpired,
                same_person=file.handover.same_person,
                signature=file.handover.signature,
                deliveries_per_address_per_day=file.handover.deliveries_per_address_per_day,
            ),
            positions=PositionRules(
                self._rule("positions", file.positions),
                live_to_customer=file.positions.live_to_customer,
                history_days=file.positions.history_days,
            ),
            documents=tuple(
                DocumentRule(
                    self._rule(f"document.{part.kind}", part),
                    part.kind,
                    part.title,
                    part.event,
                    tuple(part.fields),
                )
                for part in file.document
            ),
            reporting=ReportingRules(
                self._rule("reporting", file.reporting),
                file.reporting.system,
                file.reporting.flow,
                file.reporting.due,
                file.reporting.due_hours,
            ),
            privacy=PrivacyRules(
                self._rule("privacy", file.privacy), file.privacy.id_image, file.privacy.id_image_days
            ),
            records_days=file.retention.records_days,
            digest=self._digest,
        )

    def _itself(self) -> Rule:
        about = self._file.jurisdiction
        return Rule(
            id="jurisdiction",
            source="the rule file itself, which is fictional" if about.fictional else "the rule file itself",
            seen=about.reviewed_on,
            grade="example" if about.fictional else "P",
            unverified=about.fictional and not self._fictional_counts,
            fingerprint=self._digest[:16] if about.fictional else _fingerprint(about),
        )

    def _rule(self, rule_id: str, part: Sourced) -> Rule:
        source = self._file.sources[part.source]
        return Rule(
            id=rule_id,
            source=_words(source),
            seen=source.seen,
            grade=source.grade,
            unverified=_is_unsure(part, self._file.sources),
            fingerprint=_fingerprint(part, source),
        )

    def _group(self, part: LimitPart) -> LimitGroup:
        return LimitGroup(
            self._rule(f"limits.{part.id}", part),
            part.mode,
            part.period,
            tuple(Cap(cap.bucket, cap.label, cap.unit, cap.max) for cap in part.caps),
        )

    def _classify(self, day: date) -> Mapping[str, tuple[Classification, ...]]:
        found: dict[str, tuple[Classification, ...]] = dict.fromkeys(self._file.limits.uncounted, ())
        for part in self._file.classify:
            if part.holds_on(day):
                rule = self._rule(f"classify.{part.product_class}", part)
                told = Classification(rule, part.product_class, part.bucket, part.measure)
                found[part.product_class] = (*found.get(part.product_class, ()), told)
        return found

    def _step(self, part: TaxPart) -> TaxStep:
        return TaxStep(
            rule=self._rule(f"tax.{part.id}", part),
            id=part.id,
            name=part.name,
            kind=part.kind,
            rate=part.rate,
            rates_by_city={city.casefold(): rate for city, rate in part.rates_by_city.items()},
            base=tuple(part.base),
            except_classes=frozenset(part.except_classes),
            rounding=part.rounding,
            round_at=part.round_at,
        )

    def _trips(self) -> TripRules:
        trip = self._file.trip
        return TripRules(
            rule=self._rule("trips", trip),
            driver_min_age=trip.driver_min_age,
            driver_papers=frozenset(trip.driver_papers),
            vehicle_papers=frozenset(trip.vehicle_papers),
            caps=tuple(self._cap(number, part) for number, part in enumerate(self._file.load, start=1)),
            prepaid_share_min=trip.prepaid_share_min,
            staff=tuple((part.up_to_cents, part.people) for part in trip.staff),
        )

    def _cap(self, number: int, part: Load) -> LoadCap:
        rule = self._rule(f"load.{number}", part)
        if part.max_value_cents is not None:
            return LoadCap(rule, part.vehicle, "value_cents", part.max_value_cents)
        return LoadCap(rule, part.vehicle, "weight_mg", part.max_weight_mg or 0)


def lay(file: RuleFile, town: TownFile) -> RuleFile:
    """Return a state's file with a town's laid on: some parts in place of the state's, others beside them."""
    address = file.address
    if town.address is not None:
        more = town.address
        barred = [*address.barred_municipalities, *(town.jurisdiction.towns if more.barred else [])]
        address = address.model_copy(
            update={
                "source": more.source,
                "status": _status(more, town.sources | file.sources, address, file.sources),
                "municipalities": address.municipalities
                if more.municipalities is None
                else more.municipalities,
                "barred_municipalities": barred,
                "barred_kinds": [*address.barred_kinds, *more.barred_kinds],
            }
        )
    return file.model_copy(
        update={
            **town.stricter(),
            "sources": {**file.sources, **town.sources},
            "address": address,
            "hours": [*file.hours, *town.hours],
            "tender_bar": [*file.tender_bar, *town.tender_bar],
            "limit": [*file.limit, *town.limit],
            "load": [*file.load, *town.load],
            "document": [*file.document, *town.document],
            "tax": list(_with_local(_raised(file, town), town.tax)),
        }
    )


def _raised(file: RuleFile, town: TownFile) -> list[TaxPart]:
    rates = {part.id: part for part in town.tax_rate}
    raised = []
    for step in file.tax:
        more = rates.get(step.id)
        if more is not None:
            changes = {
                "rate": (step.rate or 0) + more.rate,
                "source": more.source,
                "status": _status(more, town.sources | file.sources, step, file.sources),
            }
            raised.append(step.model_copy(update=changes))
        else:
            raised.append(step)
    return raised


def _with_local(steps: Sequence[TaxPart], local: Sequence[TaxPart]) -> Iterator[TaxPart]:
    seen: set[str] = set()
    for step in steps:
        if step.id not in seen:  # a step stands once for each time that its rate changed
            yield from (part for part in local if part.before == step.id)
        seen.add(step.id)
        yield step
    yield from (part for part in local if part.before is None)


def _status(
    more: Sourced, sources: Mapping[str, Source], base: Sourced, base_sources: Mapping[str, Source]
) -> str | None:
    """Return the status of a rule of a town that has words of its state's in it: not verified where either is not."""
    either = _is_unsure(more, sources) or _is_unsure(base, base_sources)
    return "unverified" if either else None


def _is_unsure(part: Sourced, sources: Mapping[str, Source]) -> bool:
    return part.status == "unverified" or sources[part.source].grade in _UNSURE


def _words(source: Source) -> str:
    return f"{source.ref}, grade {source.grade}, seen {source.seen}"


def _fingerprint(*parts: Part) -> str:
    words = orjson.dumps([part.model_dump(mode="json") for part in parts], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(words).hexdigest()[:16]
