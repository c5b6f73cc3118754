"""The tally counts everything and grows with nothing."""

import random

import pytest

from faded_skies.simulate.tally import MOST_FAILURES, MOST_SAMPLES, Failure, Latencies, Tally


def tally() -> Tally:
    return Tally(random.Random(1))


def test_percentiles_are_nearest_ranks() -> None:
    latencies = Latencies(random.Random(1))
    for ms in range(100, 0, -1):
        latencies.add(ms)
    assert latencies.percentiles() == (100, 50, 95, 99, 100)


def test_one_measurement_is_every_percentile() -> None:
    latencies = Latencies(random.Random(1))
    latencies.add(7.5)
    assert latencies.percentiles() == (1, 7.5, 7.5, 7.5, 7.5)


def test_nothing_measured_has_no_percentiles() -> None:
    with pytest.raises(ValueError, match="Nothing was measured"):
        Latencies(random.Random(1)).percentiles()


def test_a_long_run_keeps_an_even_sample_and_the_longest() -> None:
    latencies = Latencies(random.Random(1))
    latencies.add(1_000_000)
    for ms in range(50_000):
        latencies.add(ms)
    found = latencies.percentiles()
    assert (found.times, found.longest) == (50_001, 1_000_000)
    assert found.p50 == pytest.approx(25_000, rel=0.1)
    assert len(latencies._samples) == MOST_SAMPLES


def test_calls_are_listed_by_how_often_they_came() -> None:
    counted = tally()
    for call in ("GET /b", "GET /a", "GET /c", "GET /c"):
        counted.measured(call, 1)
    assert list(counted.latencies()) == ["GET /c", "GET /a", "GET /b"]


def test_failures_are_all_counted_and_the_first_kept() -> None:
    counted = tally()
    for number in range(MOST_FAILURES + 10):
        counted.fail(Failure(f"failure {number}", "GET /"))
    assert counted.failed == MOST_FAILURES + 10
    assert [failure.what for failure in counted.failures] == [f"failure {n}" for n in range(MOST_FAILURES)]


def test_refusals_are_told_by_code_and_call() -> None:
    counted = tally()
    counted.refusals["OUT_OF_STOCK", "POST /api/orders"] += 2
    counted.refusals["OUT_OF_STOCK", "POST /api/cart/add"] += 1
    assert counted.refused() == {"OUT_OF_STOCK": {"POST /api/cart/add": 1, "POST /api/orders": 2}}
