"""The benchmark command works from end to end. No figure is judged here: tests run on busy machines."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import parts

ROOT = Path(__file__).resolve().parents[2]


def test_quick_round_prints_a_row_for_the_floor_and_for_the_case() -> None:
    results = ROOT / "benchmarks" / "RESULTS.md"
    before = results.read_bytes()
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--only", "cash"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    rows = [line for line in run.stdout.splitlines() if line.startswith("| ")]
    assert [re.sub(r" \(void.*?\)", "", row.split("|")[1].strip()) for row in rows] == [
        "Case",
        "---",
        "A constant (the floor)",
        "Order of two products, cash",
    ]
    assert rows[2].split("|")[2].strip() == "1.00 (1.00 - 1.00)"
    assert results.read_bytes() == before


def test_unknown_case_is_named() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--only", "nonsense"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 1
    assert "There is no case 'nonsense'" in run.stderr
    assert "Traceback" not in run.stderr


def test_lag_is_told_for_one_core_and_for_two() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--lag"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    rows = [line for line in run.stdout.splitlines() if line.startswith("| 20 sign-ins")]
    assert ["1 core " in rows[0], "2 cores " in rows[1], len(rows)] == [True, True, 2]


def test_orders_stand_beside_their_sql_by_hand() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--placing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in run.stdout.splitlines()]
    assert [row[0] for row in rows] == [
        "Database time of an order",
        "---",
        "Order of two products, cash",
        "Order of two products, card",
    ]
    assert "sandbox" not in rows[2][1]
    assert "and the sandbox's" in rows[3][1]


def test_webhooks_of_both_gateways_stand_beside_the_bare_commit() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--webhooks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert [line.split("|")[1].strip() for line in run.stdout.splitlines()] == [
        "Webhooks, 200 a second",
        "---",
        "Bare insert and commit",
        "Delivery of the sandbox",
        "Delivery of Stripe",
    ]


def test_reports_that_piled_up_stand_beside_the_bare_calls() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--metrc"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert [line.split("|")[1].strip() for line in run.stdout.splitlines()] == [
        "Two days without Metrc",
        "---",
        "The same number straight to the adapter (the floor)",
        "500 queued reports",
    ]


def test_what_grows_stands_beside_the_small_shop() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--growth"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in run.stdout.splitlines()]
    assert rows[0][:3] == [
        "Request, ms (of it database)",
        "200 products, 500 orders",
        "400 products, 1,000 orders",
    ]
    assert len(rows) == 2 + 23


def test_several_processes_stand_beside_one() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--processes"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in run.stdout.splitlines()][2:]
    assert rows == [
        [count, case] for count in ("1", "2") for case in ("A constant (the floor)", "Product list, uncached")
    ]


def test_the_page_names_what_is_missing_and_drops_what_stood_in_for_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text(
        f"old tables\n\n{parts.BY_HAND}\n\nBefore.\n\n<!-- until law is measured -->\nOld law.\n<!-- end -->\n\n"
        "<!-- until lag is measured -->\nOld lag.\n<!-- end -->\n"
    )
    monkeypatch.setattr(parts, "RESULTS", page)
    monkeypatch.setattr(parts, "_FOLDER", tmp_path / "parts")
    with parts.measuring("law") as keeper:
        keeper.text = "## The law"

    parts.assemble(["law", "lag"])

    text = page.read_text()
    assert "## The law\n" in text
    assert "Not measured: lag.\n" in text
    assert [old in text for old in ("old tables", "Old law", "Old lag", "Before.")] == [
        False,
        False,
        True,
        True,
    ]


def test_reports_stand_beside_counting_the_same_orders() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--reports"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert [line.split("|")[1].strip() for line in run.stdout.splitlines()] == [
        "Reports on a year",
        "---",
        "Counting 2,000 orders (the floor)",
        "2,000: summing up all days, once",
        "2,000: sales by day",
        "2,000: sales by day, when an order has just changed",
        "2,000: best sellers",
        "2,000: the guide's report",
        "2,000: refusals",
        "2,000: the sums of the year straight from the orders",
    ]
