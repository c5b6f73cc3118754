"""A town's rules may only be stricter than its state's."""

from collections.abc import Iterator

from faded_skies.domains.compliance.rules.book import RuleBook
from faded_skies.domains.compliance.rules.judging import people_needed
from faded_skies.platform.money import money_text

_SIGNATURES = ("none", "acknowledgement", "required")

Loosening = tuple[tuple[str, ...], str]


def loosenings(base: RuleBook, town: RuleBook) -> Iterator[Loosening]:
    """Yield where a town allows what its state does not: the place in its file, and a sentence.

    Hours, limits, loads and bars are laid beside those of the state, and all must allow; so they cannot loosen.
    """
    if town.min_age < base.min_age:
        yield ("adult_use", "min_age"), f"the state's minimum age is {base.min_age}"
    if more := _added_towns(base, town):
        yield ("address", "municipalities"), f"the state does not approve {', '.join(more)}"
    if tenders := sorted(town.tender_rules.allowed - base.tender_rules.allowed):
        yield ("tenders", "allowed"), f"the state does not allow {', '.join(tenders)}"
    yield from _trips(base, town)
    yield from _handover(base, town)
    if town.positions.history_days < base.positions.history_days:
        yield ("positions", "history_days"), f"the state wants {base.positions.history_days} days"
    if town.positions.live_to_customer and not base.positions.live_to_customer:
        yield ("positions", "live_to_customer"), "the state hides the position from customers"
    if town.privacy.id_image == "allowed" and base.privacy.id_image == "forbidden":
        yield ("privacy", "id_image"), "the state forbids to keep pictures of IDs"
    if town.privacy.id_image_days > base.privacy.id_image_days:
        yield ("privacy", "id_image_days"), f"the state allows {base.privacy.id_image_days} days"
    if town.retention.records_days < base.retention.records_days:
        yield ("retention", "records_days"), f"the state wants {base.retention.records_days} days"


def _added_towns(base: RuleBook, town: RuleBook) -> list[str]:
    if base.places.municipalities is None or town.places.municipalities is None:
        return []
    known = {name.casefold() for name in base.places.municipalities}
    return [name for name in town.places.municipalities if name.casefold() not in known]


def _trips(base: RuleBook, town: RuleBook) -> Iterator[Loosening]:
    if town.trips.driver_min_age < base.trips.driver_min_age:
        yield ("trip", "driver_min_age"), f"the state's is {base.trips.driver_min_age}"
    if town.trips.prepaid_share_min < base.trips.prepaid_share_min:
        yield ("trip", "prepaid_share_min"), f"the state's is {base.trips.prepaid_share_min}"
    for name in ("driver_papers", "vehicle_papers"):
        if lost := sorted(getattr(base.trips, name) - getattr(town.trips, name)):
            yield ("trip", name), f"the state also wants {', '.join(lost)}"

    loads = sorted({most for most, _ in (*base.trips.staff, *town.trips.staff) if most is not None})
    for cents in (*loads, loads[-1] + 1 if loads else 1):
        wanted = people_needed(base.trips, cents)
        if people_needed(town.trips, cents) < wanted:
            yield ("trip", "staff"), f"the state wants {wanted} people on board with {money_text(cents)}"
            return


def _handover(base: RuleBook, town: RuleBook) -> Iterator[Loosening]:
    ours, theirs = town.handover, base.handover
    if more := sorted(ours.id_types - theirs.id_types):
        yield ("handover", "id_types"), f"the state does not take {', '.join(more)}"
    for name in ("must_be_unexpired", "same_person"):
        if getattr(theirs, name) and not getattr(ours, name):
            yield ("handover", name), "the state demands it"
    if _SIGNATURES.index(ours.signature) < _SIGNATURES.index(theirs.signature):
        yield ("handover", "signature"), f"the state's is {theirs.signature}"
    most = theirs.deliveries_per_address_per_day
    if most and not 0 < ours.deliveries_per_address_per_day <= most:
        yield ("handover", "deliveries_per_address_per_day"), f"the state allows {most}"
