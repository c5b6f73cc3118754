"""What was measured, as tables and as parts of benchmarks/RESULTS.md."""

from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks import delivering, placing
from benchmarks.cases import Case
from benchmarks.delivering import Delivering
from benchmarks.dispatching import AIM_SECONDS, Dispatched
from benchmarks.draining import Drained
from benchmarks.growing import OPEN_ORDERS, ORDERS_A_TICKET
from benchmarks.growth import PEOPLE, Growth
from benchmarks.lagging import AIM_MS, SIGN_INS_A_SECOND, Lag
from benchmarks.law import DECISION_US, Decided
from benchmarks.measuring import DISTURBED, Plan, Sample, Samples
from benchmarks.placing import Placing
from benchmarks.positions import A_SECOND as POSITIONS_A_SECOND
from benchmarks.positions import AT_ONCE, BATCH, TIMES_FEWER, Way
from benchmarks.processes import CONNECTIONS, Served
from benchmarks.reports import Reported
from benchmarks.starting import Start
from benchmarks.watching import AIM_MB, AIM_WATCHERS, Watched
from benchmarks.watching import AIM_MS as WATCHERS_AIM_MS

START_SECONDS = 3
MEMORY_BYTES = 300 * 10**6

_HEADINGS = ("Case", "Floors", "CPU µs a request", "requests/s", "p50 ms", "p99 ms", "Aim", "Met")


def table(cases: Sequence[Case], samples: Samples) -> str:
    """Return the table: medians of all rounds, least and most in brackets."""
    return _markdown(_HEADINGS, [_row(case, samples) for case in cases])


def _used(measured: list[Sample]) -> list[Sample]:
    return [sample for sample in measured if not sample.void] or measured


def _row(case: Case, samples: Samples) -> list[str]:
    measured = samples[case.name]
    sound = [sample for sample in measured if not sample.void]
    used = _used(measured)
    beside = _used(samples[case.aim.beside]) if case.aim and case.aim.beside in samples else used
    beside_ms = median(sample.cpu_us for sample in beside) / 1000
    ratio, cpu_us = (median(getattr(sample, name) for sample in used) for name in ("ratio", "cpu_us"))
    void = len(measured) - len(sound)
    note = f" (void in {void} of {len(measured)} rounds)" if void else ""
    return [
        case.title + note,
        _spread([sample.ratio for sample in used], 2),
        _spread([sample.cpu_us for sample in used], 0),
        f"{median(sample.per_second for sample in used):,.0f}",
        f"{median(sample.p50_ms for sample in used):.1f}",
        f"{median(sample.p99_ms for sample in used):.1f}",
        str(case.aim) if case.aim else "",
        _verdict(case.aim.met(ratio=ratio, cpu_ms=cpu_us / 1000, beside_ms=beside_ms), void=not sound)
        if case.aim
        else "",
    ]


def start_table(start: Start) -> str:
    """Return the table of the start and of the idle memory."""
    whole = sum(start.memory.values())
    parts = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in start.memory.items())
    seconds = median(start.seconds)
    return _markdown(
        ("What", "Measured", "Aim", "Met"),
        [
            [
                "`make run` after the first, to the first answer from the database",
                f"{_spread(start.seconds, 2)} s",
                f"< {START_SECONDS} s",
                _yes(seconds < START_SECONDS),
            ],
            [
                "Memory of the idle whole (PSS)",
                f"{whole / 1e6:.0f} MB ({parts})",
                f"< {MEMORY_BYTES / 1e6:.0f} MB",
                _yes(whole < MEMORY_BYTES),
            ],
        ],
    )


def _lag_title(lag: Lag) -> str:
    return (
        f"{SIGN_INS_A_SECOND} sign-ins a second, server on {lag.cores} core{'s' * (lag.cores > 1)} "
        f"(a sign-in took {lag.sign_in_p50:.0f} ms, p99 {lag.sign_in_p99:.0f})"
    )


def lag_table(found: Sequence[Lag]) -> str:
    """Return the table of the event loop's lag while people sign in."""
    return _markdown(
        (
            "Event loop's lag, ms",
            "idle p50",
            "idle p99",
            "with sign-ins p50",
            "p99",
            "most",
            "Aim p99",
            "Met",
        ),
        [
            [
                _lag_title(lag),
                f"{lag.idle_p50:.2f}",
                f"{lag.idle_p99:.2f}",
                f"{lag.busy_p50:.2f}",
                f"{lag.busy_p99:.2f} ({lag.busy_p99 / lag.idle_p99:.1f} times idle)",
                f"{lag.busy_most:.1f}",
                f"< {AIM_MS}",
                _yes(lag.busy_p99 < AIM_MS),
            ]
            for lag in found
        ],
    )


def placing_table(found: Sequence[Placing]) -> str:
    """Return the table of the database's time of an order, beside the same SQL by hand."""
    headings = (
        "Database time of an order",
        "Statements",
        "Valkey trips",
        "ms",
        "by hand ms",
        "Ratio",
        "Aim",
        "Met",
        "Ratio while open",
        "Sandbox's own ms",
        "Whole answer ms",
    )
    return _markdown(headings, [_placing_row(one) for one in found])


def _placing_row(found: Placing) -> list[str]:
    def middle(name: str) -> float:
        return float(median(getattr(one, name) for one in found.rounds))

    sandbox = middle("sandbox_statements")
    return [
        f"Order of two products, {found.tender}",
        f"{middle('statements'):.0f}" + (f" and the sandbox's {sandbox:.0f}" if sandbox else ""),
        f"{middle('valkey_trips'):.0f}",
        f"{middle('ours'):.2f}",
        f"{middle('by_hand'):.2f}",
        _spread(found.ratios, 2),
        f"≤ {placing.AIM}",
        _yes(median(found.ratios) <= placing.AIM),
        _spread(found.open_ratios, 2),
        f"{middle('sandbox'):.2f}",
        f"{middle('whole'):.1f}",
    ]


def delivering_table(found: Delivering) -> str:
    """Return the table of webhooks, beside the bare commit."""
    headings = (
        "Webhooks, 200 a second",
        "p50 ms",
        "p99 ms",
        "CPU µs each",
        "p99 beyond the commit",
        "Aim",
        "Met",
    )
    bare = found.commits
    rows = [[bare.title, _spread(bare.p50, 1), _spread(bare.p99, 1), "", "", "", ""]]
    for one in found.deliveries:
        beyond = [answered - commit for answered, commit in zip(one.p99, bare.p99, strict=True)]
        rows.append(
            [
                one.title,
                _spread(one.p50, 1),
                _spread(one.p99, 1),
                _spread(one.cpu_us, 0),
                _spread(beyond, 1),
                f"< {delivering.AIM_MS}",
                _yes(median(beyond) < delivering.AIM_MS),
            ]
        )
    return _markdown(headings, rows)


def strangers_note(samples: Samples) -> str:
    """Return how much other programs disturbed the server's core."""
    share = median(sample.strangers for measured in samples.values() for sample in measured)
    return (
        f"Other programs, and the kernel for them, used {share:.0%} of the server's core in the median round."
    )


def law_table(found: Sequence[Decided]) -> str:
    """Return the table of decisions, each jurisdiction beside its floor."""
    return _markdown(
        ("A decision for 20 lines", "µs", "Rules asked", "Floors", "Aim µs", "Met"),
        [
            [
                one.jurisdiction,
                f"{one.microseconds:.0f}",
                str(one.decisions),
                f"{one.microseconds / one.floor:.0f}",
                f"≤ {DECISION_US}",
                _yes(one.microseconds <= DECISION_US),
            ]
            for one in found
        ],
    )


def reports_table(found: Sequence[Reported]) -> str:
    """Return the table of the owner's reports, beside counting the orders of the same year."""
    rows = []
    for one in found:
        rows.append([f"Counting {one.orders:,} orders (the floor)", f"{one.floor * 1000:.1f}", "1.0"])
        timed = {"summing up all days, once": one.first, **one.by_report}
        rows += [
            [f"{one.orders:,}: {name}", f"{seconds * 1000:.1f}", f"{seconds / one.floor:.1f}"]
            for name, seconds in timed.items()
        ]
    return _markdown(("Reports on a year", "ms", "Floors"), rows)


def dispatching_table(found: Dispatched) -> str:
    """Return the table of rounds of dispatch, by both ways of planning, beside choosing alone."""
    floor = f"{found.floor_seconds * 1000:.1f}"
    return _markdown(
        (
            f"{found.orders} orders to {found.drivers} drivers",
            "ms",
            "Given",
            "Floors",
            "Mean wait min",
            "Driven h",
            "Aim s",
            "Met",
        ),
        [
            ["Choosing alone, nearest first (the floor)", floor, "", "1.0", "", "", "", ""],
            *(
                [
                    f"A round by {one.name}",
                    f"{one.seconds * 1000:.0f}",
                    str(one.given),
                    f"{one.seconds / found.floor_seconds:.0f}",
                    f"{one.minutes:.0f}",
                    f"{one.driven_hours:.1f}",
                    f"< {AIM_SECONDS:g}",
                    _yes(one.seconds < AIM_SECONDS),
                ]
                for one in found.plans
            ),
        ],
    )


def draining_table(found: Drained) -> str:
    """Return the table of the drain beside its floor."""
    rate, floor = found.reports / found.seconds, found.reports / found.floor_seconds
    return _markdown(
        ("Two days without Metrc", "s", "reports/s", "Calls", "Ratio"),
        [
            [
                "The same number straight to the adapter (the floor)",
                f"{found.floor_seconds:.2f}",
                f"{floor:,.0f}",
                f"{found.reports // 10:,}",
                "1.0",
            ],
            [
                f"{found.reports:,} queued reports",
                f"{found.seconds:.2f}",
                f"{rate:,.0f}",
                f"{found.calls:,}",
                f"{floor / rate:.1f}",
            ],
        ],
    )


def watching_table(found: Watched) -> str:
    """Return the table of sockets: their memory, and one message on its way to all watchers."""
    idle = found.idle_bytes / found.idle
    return _markdown(
        ("Sockets on one core", "p50 ms", "p99 ms", "MB", "KB each", "Ratio"),
        [
            [
                "One message to one watcher (the floor)",
                f"{found.alone.p50:.1f}",
                f"{found.alone.p99:.1f}",
                "",
                "",
                "1.0",
            ],
            *(
                [
                    f"One message to {one.watchers:,} watchers"
                    + (f" (aim p99 {WATCHERS_AIM_MS})" if one.watchers == AIM_WATCHERS else ""),
                    f"{one.p50:.1f}",
                    f"{one.p99:.1f}",
                    "",
                    "",
                    f"{one.p99 / found.alone.p99:.1f}",
                ]
                for one in found.told
            ),
            [
                f"{found.idle:,} idle sockets (aim {AIM_MB} MB)",
                "",
                "",
                f"{found.idle_bytes / 1e6:.0f}",
                f"{idle / 1e3:.1f}",
                "",
            ],
        ],
    )


def processes_table(found: Sequence[Served]) -> str:
    """Return the table of several server processes on one machine, beside one."""
    alone = {one.title: median(one.per_second) for one in found if one.processes == found[0].processes}
    return _markdown(
        ("Server processes", "Case", "requests/s", "Times the first", "CPU µs a request"),
        [
            [
                str(one.processes),
                one.title,
                _spread(one.per_second, 0),
                f"{median(one.per_second) / alone[one.title]:.2f}",
                _spread(one.cpu_us, 0),
            ]
            for one in found
        ],
    )


def positions_table(ways: Sequence[Way]) -> str:
    """Return the table of a position's cost, each way after the guide's that it is measured by."""
    rows = []
    for way in ways:
        guides = (way.guides or way).rounds
        fewer = [theirs.whole_us / ours.whole_us for theirs, ours in zip(guides, way.rounds, strict=True)]
        rows.append(
            [
                way.title,
                _spread([one.ours_us for one in way.rounds], 1),
                _spread([one.engines_us for one in way.rounds], 1),
                _spread(fewer, 2),
                _spread([one.per_second for one in way.rounds], 0),
            ]
        )
    headings = ("A driver's position", "Our CPU µs", "Engines' CPU µs", "Times fewer CPU", "Positions/s")
    return _markdown(headings, rows)


def growth_table(found: Growth) -> str:
    """Return the table of what grows with the shop: ms of each request, and of it PostgreSQL's share, at each stage."""
    stages = [f"{products:,} products, {orders:,} orders" for products, orders in found.stages]
    rows = []
    for title, costs in found.requests.items():
        first, last = costs[0], costs[-1]
        rows.append(
            [
                title,
                *(f"{one.whole:.1f} ({one.database:.1f})" for one in costs),
                f"{last.whole / first.whole:.1f}",
                f"`{' '.join(last.dearest.sql.split())[:60]}` {last.dearest.ms:.1f}",
            ]
        )
    return _markdown(("Request, ms (of it database)", *stages, "Last / first", "Dearest statement, ms"), rows)


def requests_part(plan: Plan, cases: Sequence[Case], samples: Samples) -> str:
    """Return the part about single requests."""
    return f"""## Requests beside the floor

The server runs alone on one core; PostgreSQL, Valkey and the load ({plan.connections} kept-alive connections) on
another. {plan.products:,} products, {plan.customers} customers. {plan.rounds} rounds, each case in turn for
{plan.seconds:g} s (orders: one for each customer); medians, least and most in brackets. *CPU* is the server process's
own, user and kernel, all threads. The *floor* is the same server answering a constant through all its layers; a ratio
compares with the floor of the same round. *Void* rounds are left out unless there are no others: the load's core
was the bottleneck, or other programs took more than {DISTURBED:.0%} of the server's core.

{table(cases, samples)}

{strangers_note(samples)}

- Every request for the uncached list has another address and the same rows.
- Orders carry an `Idempotency-Key` and two accessories. The sandbox gateway runs inside the server process, so
  *card* holds both our own work and the gateway's, without its webhooks; *cash* is our own work without a gateway.
- No worker runs; the queue is emptied between rounds, its commit is part of each order.
- Sign-in is Argon2id (19 MiB, 2 passes) by design. It runs in threads without the interpreter's lock: with more cores
  it holds up nobody, on this one core it cannot but do so."""


def placing_part(placed: Sequence[Placing]) -> str:
    """Return the part about an order's database time."""
    return f"""## An order beside its SQL by hand

{placing_table(placed)}

A real order through the whole application, which has a core for itself, beside the same statements with the same
effects by hand: prepared, on one connection, for a twin of the customer. Each order is followed by its copy;
{placing.ROUNDS} rounds of {placing.ORDERS} orders. *ms* is the time of the statements from the first BEGIN to the last
COMMIT, all transactions, as the process waits for them; the token check before them is left out, the sandbox's
statements stand apart. *Ratio while open* compares how long transactions were open, Python's own time between
included."""


def delivering_part(delivered: Delivering) -> str:
    """Return the part about webhooks."""
    return f"""## Webhooks

{delivering_table(delivered)}

Signed deliveries at their moment, whether or not the others were answered; one in {delivering.REPEATS_EVERY} comes
twice; each was kept and told of exactly once. In turn with them the row of a delivery is inserted by hand and committed
at the same rate. {delivering.ROUNDS} rounds of {delivering.SECONDS:.0f} s of each, in brackets the least and the most
of a round. The load itself began {delivered.load_late_p99_ms:.1f} ms late (p99), which is not counted."""


def lag_part(lags: Sequence[Lag]) -> str:
    """Return the part about the event loop."""
    return f"""## The event loop while people sign in

{lag_table(lags)}

The loop is asked for a turn every 2 ms and each turn's lateness noted, in the serving process. With two cores the
server shares the second with database and load."""


def law_part(decided: Sequence[Decided]) -> str:
    """Return the part about the rule engine."""
    return f"""## The law

{law_table(decided)}

A full decision of the rule engine (`judge_order`) for a cart of 20 lines of ten classes, as many bought before on that
day; the floor multiplies and adds up the same lines."""


def draining_part(drained: Drained) -> str:
    """Return the part about reports that piled up."""
    return f"""## Track and trace after an outage

{draining_table(drained)}

Reports to Metrc that piled up, sent by the real sender out of the real database to a Metrc in this process that takes
everything; each was told once, and in order. The floor is the adapter telling as many without a queue. A real Metrc
answers in some tenths of a second, which is not in here."""


def watching_part(watched: Watched) -> str:
    """Return the part about sockets."""
    return f"## Sockets\n\n{watching_table(watched)}"


def processes_part(found: Sequence[Served]) -> str:
    """Return the part about several processes."""
    return f"""## Several server processes

{processes_table(found)}

Behind nothing: {CONNECTIONS} connections in all, dealt out evenly. Servers, load, PostgreSQL and Valkey share the
machine's two cores, so more than one process can win little here; it shows what processes cost each other, and is no
claim of how the service grows over machines."""


def dispatching_part(found: Dispatched) -> str:
    """Return the part about dispatch."""
    return f"## Dispatch\n\n{dispatching_table(found)}"


def reports_part(found: Sequence[Reported]) -> str:
    """Return the part about the owner's reports."""
    return f"""## The owner's reports

{reports_table(found)}

A year of orders placed at random moments; each report through the real service, beside counting the same orders."""


def positions_part(kept: Sequence[Way]) -> str:
    """Return the part about drivers' positions."""
    return f"""## Positions

{positions_table(kept)}

Positions through the real service and the real flusher into the database, beside one INSERT and one SETEX for each,
by the same pool; {AT_ONCE} callers at once, or at an even pace. Times fewer than the guide's way above it in the same
round. Aims: {TIMES_FEWER} times fewer CPU in all, and {POSITIONS_A_SECOND:,} a second for a phone's backlog, {BATCH} in
a call."""


def start_part(begun: Start) -> str:
    """Return the part about the start and memory."""
    return f"""## Start and memory

{start_table(begun)}

Memory shared with other programs on the machine counts by its share."""


def growth_part(found: Growth) -> str:
    """Return the part about growth."""
    return f"""## What grows with the shop

{growth_table(found)}

Requests one after the other through the whole application in one process, without a network; medians of the calls, the
first of each left out. PostgreSQL's rows are copies of real ones, its statistics fresh. Orders are spread over
three years and {PEOPLE:,} people, {OPEN_ORDERS} of them open. There is a ticket for every {ORDERS_A_TICKET} orders, and
of each order its lines, story, stop, movements of stock and audit rows; postings, jobs and messages are not multiplied.
The owner's reports have a part of their own."""


def _markdown(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(headings)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _spread(values: Sequence[float], digits: int) -> str:
    middle, least, most = (f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))
    return f"{middle} ({least} - {most})"


def _yes(met: object) -> str:
    return "yes" if met else "**no**"


def _verdict(met: object, *, void: bool) -> str:
    return f"{_yes(met)} (void)" if void else _yes(met)
