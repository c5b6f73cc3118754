"""What solvers propose: the real one in its child process, and the one that leaves all to the nearest driver."""

import errno
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from factories.news import failure_of
from faded_skies.adapters.dispatch.batches import BatchSolver
from faded_skies.adapters.dispatch.nearest import NearestDriver
from faded_skies.adapters.documents.child import BrokenChildError, Children
from faded_skies.domains.delivery.ports import Courier, Goods, Question, RouteSolver
from faded_skies.domains.delivery.rules.dispatch import Bounds
from faded_skies.domains.delivery.rules.routes import Choice, decide

NOW = datetime(2026, 11, 28, 18, tzinfo=UTC)
SHOP = (30.2672, -97.7431)
NORTH, SOUTH = (30.32, -97.74), (30.22, -97.74)
DRIVERS = [UUID(int=number) for number in range(1, 5)]


def order(number: int, place: tuple[float, float], **changes: Any) -> Goods:
    beside = (place[0] + number * 0.0002, place[1])
    made = Goods(
        UUID(int=100 + number),
        *beside,
        2450,
        7000,
        True,
        "",
        NOW,
        NOW + timedelta(hours=6),
        NOW + timedelta(hours=1),
    )
    return replace(made, **changes)


def courier(number: int, **changes: Any) -> Courier:
    made = Courier(DRIVERS[number], SHOP, 0.0, "live position", False, 8, {"": Bounds(), "Denver": Bounds()})
    return replace(made, **changes)


def ask(goods: list[Goods], couriers: list[Courier]) -> Question:
    return Question(UUID(int=1), NOW, SHOP, 7.0, goods, couriers)


async def choices(solver: RouteSolver, question: Question) -> list[Choice]:
    return list(decide(question, await solver.propose(question)).choices)


@pytest.fixture
def batches() -> BatchSolver:
    return BatchSolver(Children(at_once=1))


@pytest.mark.parametrize("solver", [BatchSolver(Children(at_once=1)), NearestDriver()])
async def test_every_solver_gives_out_what_can_go(solver: RouteSolver) -> None:
    chance = random.Random(27)
    goods = [
        order(number, (SHOP[0] + chance.uniform(-0.05, 0.05), SHOP[1] + chance.uniform(-0.05, 0.05)))
        for number in range(14)
    ]
    question = ask(goods, [courier(0, most_orders=4), courier(1, most_orders=4), courier(2, most_orders=5)])
    given = Counter(one.driver_id for one in await choices(solver, question))
    assert given == {DRIVERS[0]: 4, DRIVERS[1]: 4, DRIVERS[2]: 5, None: 1}


async def test_neighbours_go_together_and_the_plan_says_so(batches: BatchSolver) -> None:
    goods = [order(number, (NORTH, SOUTH)[number % 2]) for number in range(6)]
    found = await choices(batches, ask(goods, [courier(0), courier(1)]))
    ways = {
        one.driver_id: {order.order_id.int % 2 for order in found if order.driver_id == one.driver_id}
        for one in found
    }
    assert sorted(ways.values(), key=min) == [{0}, {1}]
    assert all(one.why.startswith("On a way that was planned for 6 orders together") for one in found)


async def test_promises_come_before_short_drives(batches: BatchSolver) -> None:
    """One way for all would drive least, and bring the last ones late."""
    soon = NOW + timedelta(minutes=40)
    goods = [order(number, (NORTH, SOUTH)[number % 2], due_at=soon) for number in range(8)]
    found = await choices(batches, ask(goods, [courier(0), courier(1), courier(2), courier(3)]))
    assert all(one.expected_at is not None and one.expected_at <= soon for one in found)


async def test_what_is_held_offered_refused_or_over_is_minded(batches: BatchSolver) -> None:
    """In one plan: a held order, an offer, a refusal, a shift that ends, and a driver on the road."""
    held = order(50, NORTH)
    couriers = [
        courier(0, holds=(held,), most_orders=2),
        courier(1, ends_at=NOW + timedelta(minutes=8)),
        courier(2, is_out=True),
        courier(3),
    ]
    goods = [
        order(0, NORTH),
        order(1, NORTH, not_to=frozenset({DRIVERS[0]})),
        order(2, SOUTH, offered_to=DRIVERS[3]),
    ]
    routes = await batches.propose(ask(goods, couriers))
    assert {one.driver_id for one in routes} <= {DRIVERS[0], DRIVERS[3]}
    found = {one.order_id.int - 100: one for one in decide(ask(goods, couriers), routes).choices}
    assert found[0].driver_id in (DRIVERS[0], DRIVERS[3])
    assert found[1].driver_id == DRIVERS[3]
    assert found[2].changes_nothing


async def test_where_not_all_can_go_the_oldest_do(batches: BatchSolver) -> None:
    goods = [order(number, NORTH) for number in range(5)]
    found = await choices(batches, ask(goods, [courier(0, most_orders=2)]))
    assert [one.driver_id is None for one in found] == [False, False, True, True, True]


async def test_a_towns_cap_counts_for_the_whole_load(batches: BatchSolver) -> None:
    strict = {"": Bounds(), "Denver": Bounds(value_cents=4900)}
    goods = [order(number, NORTH, town="Denver" if number else "") for number in range(3)]
    found = await choices(batches, ask(goods, [courier(0, bounds=strict)]))
    assert [one.driver_id for one in found].count(None) == 1


class _Broken(Children):
    def __init__(self, answer: bytes | Exception) -> None:
        super().__init__()
        self._answer = answer

    async def run(self, program: object, body: bytes) -> bytes:
        del program, body
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    "answer",
    [
        BrokenChildError("It took too long."),
        OSError(errno.EMFILE, "Too many open files"),
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        b"",
        b"null",
        b"[[9,[0]]]",
        b"[[0,[99]]]",
        b'[["a",1]]',
        b"[[0]]",
    ],
)
async def test_a_solver_that_fails_or_babbles_leaves_all_to_the_nearest_driver(
    answer: bytes | Exception,
) -> None:
    question = ask([order(0, NORTH), order(1, NORTH)], [courier(0)])
    found = await choices(BatchSolver(_Broken(answer)), question)
    assert failure_of("dispatch") is not None
    assert [one.driver_id for one in found] == [DRIVERS[0]] * 2
    assert all(one.why.startswith("Nearest of 1") for one in found)
