"""What dispatch takes the law for is what a departure is told: over every state and town that we have rules of."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Paper, RuleBook, TripFacts
from faded_skies.domains.delivery.models.trips import HeldPaper
from faded_skies.domains.delivery.queries.dispatch import OnShift
from faded_skies.domains.delivery.rules.dispatch import Courier, Goods, obstacle
from faded_skies.domains.delivery.service.couriers import bounds_of

NOW = datetime(2026, 12, 1, 19, tzinfo=UTC)


def books(name: str) -> list[RuleBook]:
    law = compliance.read_law(name, fictional_counts=True)
    return [law.at(NOW), *law.towns_at(NOW).values()]


def on_shift(book: RuleBook, *, born: date | None, enclosed: bool | None, papers: bool) -> OnShift:
    def shown(kinds: frozenset[str]) -> list[HeldPaper]:
        return [HeldPaper(kind, None if papers else date(2020, 1, 1)) for kind in kinds]

    return OnShift(
        UUID(int=1),
        born,
        enclosed,
        None,
        None,
        is_out=False,
        latitude=None,
        longitude=None,
        driver_papers=shown(book.trips.driver_papers),
        vehicle_papers=shown(book.trips.vehicle_papers),
    )


def departure_allows(book: RuleBook, one: OnShift, load: list[Goods]) -> bool:
    facts = TripFacts(
        now=NOW,
        driver_born_on=one.born_on,
        driver_papers=[Paper(paper.kind, paper.expires_on) for paper in one.driver_papers],
        vehicle_enclosed=one.is_enclosed,
        vehicle_papers=[Paper(paper.kind, paper.expires_on) for paper in one.vehicle_papers],
        people=1,
        value_cents=sum(goods.value_cents for goods in load),
        weight_mg=sum(goods.weight_mg for goods in load),
        prepaid_cents=sum(goods.value_cents for goods in load if goods.is_prepaid),
        places=(),
    )
    everything = frozenset(rule.id for rule in _rules(book))
    return not compliance.refused(compliance.judge_departure(book, facts, everything))


def _rules(book: RuleBook) -> list[compliance.Rule]:
    return [
        book.itself,
        book.trips.rule,
        *(cap.rule for cap in book.trips.caps),
        *(one.rule for one in book.documents),
    ]


def loads(book: RuleBook) -> Iterator[list[Goods]]:
    """One order at, and just beyond, each figure that the book names; of paid and unpaid goods."""
    figures = {0, 2450, *(cap.most for cap in book.trips.caps), *(most or 0 for most, _ in book.trips.staff)}
    for cents, mg, more, is_prepaid in product(figures, figures, (0, 1), (True, False)):
        yield [
            Goods(
                UUID(int=2),
                30.2,
                -97.7,
                cents + more,
                mg + more,
                is_prepaid,
                "",
                NOW,
                NOW,
                NOW + timedelta(hours=1),
            )
        ]


@pytest.mark.parametrize("name", compliance.jurisdictions())
def test_dispatch_and_departure_agree(name: str) -> None:
    for book, born, enclosed, papers in product(
        books(name), (date(1990, 1, 1), date(2010, 1, 1), None), (True, False, None), (True, False)
    ):
        one = on_shift(book, born=born, enclosed=enclosed, papers=papers)
        law = bounds_of(book, frozenset(rule.id for rule in _rules(book)), one, now=NOW)
        driver = Courier(UUID(int=1), (30.2, -97.7), 0.0, "shop", False, 8, {"": law})
        answers = {departure_allows(book, one, load): load for load in loads(book)}
        for load in loads(book):
            assert (obstacle(load[0], driver) is None) == departure_allows(book, one, load), (one, load, law)
        is_fit = born == date(1990, 1, 1) and enclosed is not None and papers
        assert (True in answers) or not is_fit
