"""`make bench`: measures everything part by part and writes benchmarks/RESULTS.md; other options only print."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from benchmarks import parts, report
from benchmarks.delivering import measure_delivering
from benchmarks.dispatching import measure_dispatching
from benchmarks.draining import measure_draining
from benchmarks.growth import measure_growth
from benchmarks.lagging import SECONDS, measure_lag
from benchmarks.law import measure_law
from benchmarks.measuring import Plan, measure
from benchmarks.placing import measure_placing
from benchmarks.positions import measure_positions
from benchmarks.processes import measure_processes
from benchmarks.reports import measure_reports
from benchmarks.starting import measure_start
from benchmarks.watching import measure_watching

PART_SECONDS = 900
"""No part may take longer, or else it is given up and the next one measured."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", type=click.IntRange(1), help="How often each case is measured [7].")
@click.option("--seconds", type=click.FloatRange(0.1), help="How long each case is measured in a round [2].")
@click.option("--only", metavar="CASE", help="Only this case beside the floor: list, cached, page, …")
@click.option("--quick", is_flag=True, help="One short round on a small shop: does it work at all?")
@click.option("--profile", metavar="CASE", help="Where the server spends its time on this case (cProfile).")
@click.option("--start", is_flag=True, help="Only the start and the idle memory.")
@click.option("--lag", is_flag=True, help="Only the event loop's lag while people sign in.")
@click.option(
    "--placing", is_flag=True, help="Only the database's time of an order, beside the same SQL by hand."
)
@click.option("--webhooks", is_flag=True, help="Only webhooks, 200 a second, beside the bare commit.")
@click.option("--law", is_flag=True, help="Only a full decision of the rule engine for a cart of 20 lines.")
@click.option(
    "--metrc", is_flag=True, help="Only how fast reports to Metrc go out after two days without it."
)
@click.option("--positions", is_flag=True, help="Only a driver's positions, beside the guide's way.")
@click.option(
    "--sockets", is_flag=True, help="Only idle sockets' memory, and one message to up to 5,000 watchers."
)
@click.option("--processes", is_flag=True, help="Only one, two and three server processes on this machine.")
@click.option("--dispatch", is_flag=True, help="Only a round of dispatch: 200 orders to 40 drivers.")
@click.option(
    "--growth", is_flag=True, help="Only what grows with the catalogue and the orders, to a million."
)
@click.option("--part", metavar="PART", help="Measure one part of the page and keep it: requests, growth, …")
@click.option("--resume", is_flag=True, help="Measure only the parts that are older than half a day.")
@click.option("--reports", is_flag=True, help="Only the owner's reports, with 10,000 to a million orders.")
def main(
    *,
    rounds: int | None,
    seconds: float | None,
    only: str | None,
    quick: bool,
    profile: str | None,
    start: bool,
    lag: bool,
    placing: bool,
    webhooks: bool,
    law: bool,
    metrc: bool,
    positions: bool,
    sockets: bool,
    processes: bool,
    dispatch: bool,
    growth: bool,
    part: str | None,
    resume: bool,
    reports: bool,
) -> None:
    """Measure what a request costs our server, how soon it starts, and what memory it needs.

    Without options everything is measured and benchmarks/RESULTS.md written, part after part. On two quiet cores that
    takes about 25 minutes by estimate: requests 4, growth 5 and reports 4 (a million orders each), webhooks 3, sockets
    and positions 2 each, the others a minute or less. Nothing else may run meanwhile. An interrupted run goes on by
    --resume; a part that takes more than 15 minutes is given up and named on the page.
    """
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        raise click.ClickException(
            "The benchmarks pin server and load to a core each: they need Linux and two cores."
        )
    if part is not None:
        if part not in PARTS:
            raise click.ClickException(f"There is no part {part!r}; there are: {', '.join(PARTS)}.")
        _measure_part(part)
        return
    wanted_parts = {
        _start: start,
        _lag: lag,
        _placing: placing,
        _webhooks: webhooks,
        _law: law,
        _metrc: metrc,
        _dispatch: dispatch,
        _reports: reports,
        _positions: positions,
        _sockets: sockets,
        _processes: processes,
        _growth: growth,
    }
    for one in [one for one, wanted in wanted_parts.items() if wanted]:
        click.echo(one(quick=quick))
    if any(wanted_parts.values()):
        return
    plan = Plan(rounds=1, seconds=0.3, products=200, customers=20) if quick else Plan()
    plan = replace(plan, rounds=rounds or plan.rounds, seconds=seconds or plan.seconds, only=profile or only)
    if plan == Plan() and profile is None:
        _measure_all(resume=resume)
        return
    if profile is not None:
        plan = replace(plan, profile=Path(f"profile-{profile}.txt").resolve())
    try:
        cases, samples = measure(plan, progress=_tell)
    except KeyError as unknown:
        raise click.ClickException(f"There is no case {unknown}; --help names some.") from None
    if plan.profile is not None:
        click.echo(f"{plan.profile} tells where the time went; under the profiler everything takes longer.")
        return
    click.echo(report.table(cases, samples))
    click.echo(report.strangers_note(samples))


def _measure_all(*, resume: bool) -> None:
    """Measure each part in a process of its own and write the page anew after each: an interruption loses one part."""
    for name in PARTS:
        if resume and parts.is_fresh(name):
            _tell(f"{name}: measured already")
            continue
        _tell(f"{name} …")
        began = time.monotonic()
        try:
            subprocess.run(
                [sys.executable, "-m", "benchmarks", "--part", name], check=True, timeout=PART_SECONDS
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failure:
            _tell(f"{name}: NOT MEASURED, the page keeps what it had: {failure}")
            continue
        _tell(f"{name}: {time.monotonic() - began:.0f} s")
        parts.assemble(list(PARTS))


def _measure_part(name: str) -> None:
    with parts.measuring(name) as keeper:
        keeper.text = PARTS[name]()
    click.echo(keeper.text)


PARTS: dict[str, Callable[[], str]] = {
    "requests": lambda: report.requests_part(Plan(), *measure(Plan(), progress=_tell)),
    "growth": lambda: report.growth_part(measure_growth(progress=_tell)),
    "placing": lambda: report.placing_part(measure_placing(progress=_tell)),
    "webhooks": lambda: report.delivering_part(measure_delivering(progress=_tell)),
    "lag": lambda: report.lag_part(measure_lag(progress=_tell)),
    "sockets": lambda: report.watching_part(measure_watching(progress=_tell)),
    "processes": lambda: report.processes_part(measure_processes(progress=_tell)),
    "positions": lambda: report.positions_part(measure_positions(progress=_tell)),
    "dispatch": lambda: report.dispatching_part(measure_dispatching(progress=_tell)),
    "reports": lambda: report.reports_part(measure_reports(progress=_tell)),
    "law": lambda: report.law_part(measure_law()),
    "metrc": lambda: report.draining_part(measure_draining(progress=_tell)),
    "start": lambda: report.start_part(measure_start(progress=_tell)),
}
"""The parts of the page, in its order."""


def _start(*, quick: bool) -> str:  # noqa: ARG001 - a start takes as long as it takes
    return report.start_table(measure_start(progress=_tell))


def _lag(*, quick: bool) -> str:
    return report.lag_table(measure_lag(seconds=1 if quick else SECONDS, progress=_tell))


def _placing(*, quick: bool) -> str:
    size = {"rounds": 1, "orders": 10} if quick else {}
    return report.placing_table(measure_placing(**size, progress=_tell))


def _webhooks(*, quick: bool) -> str:
    found = (
        measure_delivering(rounds=1, seconds=0.5, progress=_tell)
        if quick
        else measure_delivering(progress=_tell)
    )
    return report.delivering_table(found)


def _law(*, quick: bool) -> str:  # noqa: ARG001 - it takes a second
    return report.law_table(measure_law())


def _metrc(*, quick: bool) -> str:
    size = {"reports": 500} if quick else {}
    return report.draining_table(measure_draining(**size, progress=_tell))


def _positions(*, quick: bool) -> str:
    size = {"rounds": 1, "seconds": 1, "singles": 200, "batches": 20} if quick else {}
    return report.positions_table(measure_positions(**size, progress=_tell))


def _sockets(*, quick: bool) -> str:
    found = (
        measure_watching(idle=100, watchers=(25, 50), rounds=2, progress=_tell)
        if quick
        else measure_watching(progress=_tell)
    )
    return report.watching_table(found)


def _processes(*, quick: bool) -> str:
    found = (
        measure_processes(counts=(1, 2), rounds=1, seconds=0.3, products=100, progress=_tell)
        if quick
        else measure_processes(progress=_tell)
    )
    return report.processes_table(found)


def _dispatch(*, quick: bool) -> str:
    size = {"rounds": 1, "count": 20, "drivers": 5} if quick else {}
    return report.dispatching_table(measure_dispatching(**size, progress=_tell))


def _growth(*, quick: bool) -> str:
    found = (
        measure_growth(stages=((200, 500), (400, 1_000)), people=50, calls=3, progress=_tell)
        if quick
        else measure_growth(progress=_tell)
    )
    return report.growth_table(found)


def _reports(*, quick: bool) -> str:
    found = (
        measure_reports(sizes=(2_000,), rounds=1, progress=_tell)
        if quick
        else measure_reports(progress=_tell)
    )
    return report.reports_table(found)


def _tell(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
