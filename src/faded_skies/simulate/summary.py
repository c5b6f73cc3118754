"""What a simulation found, for people and for programs."""

from collections import Counter
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from faded_skies.simulate.scene import Scene

MOST_CALLS = 40
MOST_FAILURES = 20


def as_json(scene: Scene, *, seconds: float) -> dict[str, object]:
    """Return the summary for programs; latencies in milliseconds."""
    tally = scene.tally
    states = scene.states()
    return {
        "seed": scene.plan.seed,
        "seconds": round(seconds, 1),
        "orders": {
            "placed": tally.counts["placed"],
            "delivered": states["delivered"],
            "cancelled": states["cancelled"],
            "returned": states["returned"],
            "byState": dict(sorted(states.items())),
        },
        "counts": dict(sorted(tally.counts.items())),
        "refused": {
            code: {"total": sum(calls.values()), "byCall": calls} for code, calls in tally.refused().items()
        },
        "socketEvents": dict(sorted(tally.events.items())),
        "latencies": {
            call: {"count": one.times, "p50": _ms(one.p50), "p95": _ms(one.p95), "p99": _ms(one.p99)}
            for call, one in tally.latencies().items()
        },
        "unexplained": {"total": tally.failed, "failures": [asdict(one) for one in tally.failures]},
    }


def show(console: Console, scene: Scene, *, seconds: float) -> None:
    """Print the summary for people."""
    tally = scene.tally
    console.soft_wrap = True
    console.print(f"\n[bold]{seconds:.0f} seconds, seed {scene.plan.seed}[/bold]")
    states = ", ".join(
        f"{count} {state.replace('_', ' ')}" for state, count in sorted(scene.states().items())
    )
    console.print(f"Orders placed    {tally.counts['placed']}" + (f": {states}" if states else ""))
    others = Counter(tally.counts)
    del others["placed"]
    console.print("Besides          " + _counted(others))
    console.print(
        "Refused          " + _counted(Counter({c: sum(n.values()) for c, n in tally.refused().items()}))
    )
    console.print("Socket events    " + _counted(tally.events))
    if tally.counts["nobody_free"]:
        console.print(
            f"{tally.counts['nobody_free']} visits did not happen: every customer was busy. "
            "For a higher rate give more --customers."
        )
    console.print(_latencies(scene))
    _show_failures(console, scene)


def _show_failures(console: Console, scene: Scene) -> None:
    tally = scene.tally
    if not tally.failed:
        console.print("[green]Nothing unexplained happened.[/green]")
        return
    console.print(f"[bold red]{tally.failed} unexplained failures[/bold red]")
    alike = Counter(tally.failures)
    by_kind = Counter((failure.what, failure.call) for failure in tally.failures)
    shown: set[tuple[str, str]] = set()
    for failure in alike:
        kind = (failure.what, failure.call)
        if kind in shown or len(shown) == MOST_FAILURES:
            continue
        shown.add(kind)
        often = f" ({by_kind[kind]} times)" if by_kind[kind] > 1 else ""
        console.print(f"  [bold]{escape(failure.call)}[/bold]: {escape(failure.what)}{often}")
        where = " ".join(
            part
            for part in (failure.status and str(failure.status), failure.request_id, failure.excerpt)
            if part
        )
        if where:
            console.print(f"      {escape(where)}", style="dim", highlight=False)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.most_common()) or "none"


def _latencies(scene: Scene) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("call", no_wrap=True)
    for name in ("times", "p50 ms", "p95 ms", "p99 ms", "longest"):
        table.add_column(name, justify="right")
    for call, one in list(scene.tally.latencies().items())[:MOST_CALLS]:
        figures = (one.p50, one.p95, one.p99, one.longest)
        table.add_row(escape(call), str(one.times), *(f"{figure:.1f}" for figure in figures))
    return table


def _ms(figure: float) -> float:
    return round(figure, 2)
