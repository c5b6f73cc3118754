"""What is going on, while it goes on: a live board in a terminal, a line now and then elsewhere."""

import asyncio
import time

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from faded_skies.simulate.scene import Scene
from faded_skies.simulate.town import Town

FRAME, LINE = 0.5, 10.0
"""Seconds between two frames of the board, and between two lines."""

MOST_CALLS = 8


class View:
    """Shows one simulation on one console until cancelled."""

    def __init__(self, console: Console, scene: Scene, town: Town) -> None:
        self._console = console
        self._scene = scene
        self._town = town
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    async def run(self) -> None:
        if not self._console.is_terminal:
            while True:
                await asyncio.sleep(LINE)
                self._console.print(self._line(), highlight=False, soft_wrap=True)
        with Live(self._board(), console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                await asyncio.sleep(FRAME)
                live.update(self._board(), refresh=True)

    def _line(self) -> str:
        tally, states = self._scene.tally, self._scene.states()
        on_the_way = states["out_for_delivery"]
        ended = (
            f"{states['delivered']} delivered, {states['cancelled']} cancelled, {states['returned']} returned"
        )
        return (
            f"{self.seconds:5.0f} s  {self._scene.phase}: {tally.counts['visits']} visits, "
            f"{tally.counts['placed']} orders, {on_the_way} on the way, {ended}, "
            f"{sum(tally.refusals.values())} refusals, {tally.failed} unexplained"
        )

    def _board(self) -> Group:
        failures = [
            Text(f"  {failure.call}: {failure.what}", style="red")
            for failure in self._scene.tally.failures[-3:]
        ]
        hint = Text("Ctrl-C stops and shows the summary", style="dim")
        return Group(Text(self._line(), style="bold"), self._drivers(), self._calls(), *failures, hint)

    def _drivers(self) -> Table:
        table = Table(box=None, show_header=False, pad_edge=False)
        for driver in self._town.drivers:
            table.add_row(f"  {driver.person.first_name}", f"{driver.load} to bring", escape(driver.doing))
        return table

    def _calls(self) -> Table:
        table = Table(box=None, header_style="dim")
        for name in ("call", "times", "p50 ms", "p99 ms"):
            table.add_column(name, justify="left" if name == "call" else "right")
        for call, one in list(self._scene.tally.latencies().items())[:MOST_CALLS]:
            table.add_row(escape(call), str(one.times), f"{one.p50:.1f}", f"{one.p99:.1f}")
        return table
