"""The supervisor: starts all, restarts what dies, stops all, and leaves nothing running when it is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from servers import free_port

if TYPE_CHECKING:
    from embedded.conftest import Folder

    Until = Callable[[Callable[[], object], str], None]

pytestmark = [pytest.mark.timeout(60), pytest.mark.enable_socket]

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"


class Shop:
    """A running `up` and what its programs noted."""

    def __init__(self, folder: Folder, until: Until) -> None:
        self.folder = folder
        self.notes = folder.data.parent
        self.until = until
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self, mode: str = "plain", *, wrapper: list[str] | None = None, **environment: str) -> None:
        self.process = subprocess.Popen(
            [*(wrapper or []), sys.executable, str(HERE / "shop.py"), str(self.notes), str(self.port), mode],
            env={"PATH": os.defpath, "PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def facts(self, role: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.notes / f"{role}.json").read_text())
        return facts

    def lines_until(self, beginning: str) -> list[str]:
        """What it printed, up to a line that begins so."""
        assert self.process is not None
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith(beginning):
                return lines
        raise AssertionError(f"it never printed {beginning!r}, only {lines}")

    def open(self, mode: str = "plain") -> list[str]:
        self.start(mode)
        lines = self.lines_until("Welcome at")
        both = [
            self.notes / "serve.json",
            self.notes / f"{'stubborn' if mode == 'stubborn' else 'work'}.json",
        ]
        self.until(
            lambda: all(note.exists() for note in both), "the server and the worker have said that they run"
        )
        return lines

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal to the group, as a terminal does, and wait; the status and what was printed."""
        assert self.process is not None
        os.killpg(self.process.pid, number)
        return self.finish()

    def finish(self) -> tuple[int, str]:
        assert self.process is not None
        printed, _ = self.process.communicate()
        return self.process.returncode, printed

    def programs(self) -> list[psutil.Process]:
        return [
            process
            for process in self.folder.processes_named(str(self.notes))
            if "program.py" in str(process.info["cmdline"])
        ]


@pytest.fixture
def shop(folder: Folder, until: Until) -> Iterator[Shop]:
    shop = Shop(folder, until)
    yield shop
    if shop.process is not None:
        shop.process.kill()
        shop.process.wait()
        assert shop.process.stdout is not None
        shop.process.stdout.close()
    until(lambda: not shop.programs(), "no program is left")


def test_it_prepares_serves_and_says_so(shop: Shop) -> None:
    lines = shop.open()
    said = [line.partition(" s  ")[2].partition(" (")[0] for line in lines[:-1]]
    assert sorted(said[:2]) == ["PostgreSQL is ready", "Valkey is ready"]
    assert said[2:] == ["Schema is current", "The shop is open"]
    assert lines[-1] == f"Welcome at http://127.0.0.1:{shop.port}"
    server = shop.facts("serve")
    assert server["DATABASE_URL"].startswith("postgresql://faded_skies@/faded_skies?host=")
    assert server["REDIS_URL"].startswith("unix://")
    assert server["MAKEFLAGS"] is None
    assert server["session"] == server["pid"]
    assert shop.end(signal.SIGINT)[0] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_everything_cleanly(shop: Shop, number: signal.Signals) -> None:
    shop.open()
    status, printed = shop.end(number)
    assert (status, printed) == (0, "\nStopping …\nEverything has stopped; the data is safe.\n")
    assert (shop.notes / "serve.ended").exists()
    assert (shop.notes / "work.ended").exists()
    assert shop.folder.processes() == []
    assert shop.programs() == []


def test_a_program_that_dies_is_started_again(shop: Shop, until: Until) -> None:
    shop.open()
    first = shop.facts("work")["pid"]
    os.kill(first, signal.SIGKILL)
    assert shop.lines_until("worker") == ["worker was killed by SIGKILL; starting it again in 0.5 s."]
    until(lambda: shop.facts("work")["pid"] != first, "the worker is back")
    assert shop.end(signal.SIGINT)[0] == 0


def test_killed_watchdogs_are_replaced(shop: Shop) -> None:
    shop.open()
    servers = {shop.folder.postmaster(), shop.folder.valkey()}
    for watchdog in shop.folder.watchdogs():
        watchdog.kill()
    said = {shop.lines_until("")[0] for _ in servers}
    assert said == {
        f"{name} was watched by nobody; a new watchdog has taken over." for name in ("PostgreSQL", "Valkey")
    }
    assert {shop.folder.postmaster(), shop.folder.valkey()} == servers
    assert shop.end(signal.SIGINT)[0] == 0
    assert shop.folder.processes() == []


def test_killed_itself_it_leaves_nothing_running(shop: Shop, until: Until) -> None:
    shop.open()
    assert shop.process is not None
    shop.process.kill()
    shop.process.communicate()
    until(lambda: not shop.programs(), "the programs ended by themselves")
    assert (shop.notes / "serve.ended").exists()
    assert (shop.notes / "work.ended").exists()
    shop.folder.wait_until_empty()


def test_killed_itself_even_a_stubborn_program_ends(shop: Shop, until: Until) -> None:
    shop.open("stubborn")
    assert shop.process is not None
    shop.process.kill()
    until(lambda: not shop.programs(), "the program ended by its lifeline")


def test_it_ends_with_the_make_that_started_it(shop: Shop, until: Until) -> None:
    keep_waiting = '"$@" & wait'
    shop.start(wrapper=["/bin/sh", "-c", keep_waiting, "make"], MAKELEVEL="1")
    shop.lines_until("Welcome at")
    assert shop.process is not None
    shop.process.kill()
    until(lambda: not shop.programs(), "the programs were stopped")
    shop.folder.wait_until_empty()
    assert shop.finish()[1].endswith("Everything has stopped; the data is safe.\n")


@pytest.mark.parametrize(("mode", "who"), [("bad-step", "Schema is current"), ("bad-server", "server")])
def test_what_fails_at_the_start_ends_it_with_the_reason(shop: Shop, mode: str, who: str) -> None:
    shop.start(mode)
    status, printed = shop.finish()
    assert status == 1
    assert "the setting JWT_SECRET is too short\n" in printed
    assert printed.endswith(
        f"{who} ended with status 3, so the shop does not start; the reason is printed above.\n"
    )
    assert "Welcome" not in printed
    assert shop.folder.processes() == []
    assert shop.programs() == []


def test_a_port_in_use_is_said_before_anything_starts(shop: Shop) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", shop.port))
        other.listen()
        shop.start()
        status, printed = shop.finish()
    assert status == 1
    assert printed == (
        f"Port {shop.port} is used by another program. "
        f"Choose another, for example: PORT={shop.port % 65_535 + 1} make run\n"
    )
    assert not (shop.notes / "step.json").exists()


def test_a_program_that_ignores_the_request_is_killed_after_the_grace(shop: Shop) -> None:
    shop.open("stubborn")
    status, _ = shop.end(signal.SIGTERM)
    assert status == 0
    assert shop.programs() == []
    assert shop.folder.processes() == []
