"""How long `make run` takes after the first time, and the memory of the idle whole."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.measuring import free_port
from faded_skies.supervisor import answers

ROOT = Path(__file__).resolve().parents[1]
STARTS = 5
SETTLING_SECONDS = 20
PATIENCE_SECONDS = 120
FIRST_ANSWER = "/api/products?limit=1"  # needs the database, unlike a sign of life


@dataclass(frozen=True)
class Start:
    """Seconds from the command to the first answer, of each start; memory in bytes (PSS) by program."""

    seconds: list[float]
    memory: dict[str, int]


def measure_start(*, progress: Callable[[str], None]) -> Start:
    """Start the whole shop in a temporary folder again and again. The first start fills it and is not counted."""
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        progress("Starting the whole shop for the first time")
        with _shop(folder):
            pass
        seconds: list[float] = []
        memory: dict[str, int] = {}
        for number in range(STARTS):
            progress(f"Starting it again, {number + 1} of {STARTS}")
            with _shop(folder) as (process, took):
                seconds.append(took)
                if number == STARTS - 1:
                    time.sleep(SETTLING_SECONDS)
                    memory = _memory(process, folder)
        return Start(seconds, memory)


@contextmanager
def _shop(folder: Path) -> Iterator[tuple[psutil.Process, float]]:
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        ["make", "run"],
        cwd=ROOT,
        env={**os.environ, "PORT": str(port), "FADED_SKIES_DATA": str(folder / "var")},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not answers("127.0.0.1", port, FIRST_ANSWER):
            if process.poll() is not None or time.perf_counter() - began > PATIENCE_SECONDS:
                raise RuntimeError("The shop did not start; the reason is printed above.")
            time.sleep(0.01)
        yield psutil.Process(process.pid), time.perf_counter() - began
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)


def _memory(shop: psutil.Process, folder: Path) -> dict[str, int]:
    """Return the memory by program: what each process holds alone, and its share of what it shares with others."""
    family = {shop, *shop.children(recursive=True)}
    for process in psutil.process_iter():  # engines are nobody's children
        if any(str(folder) in word for word in _command(process)):
            family |= {process, *process.children(recursive=True)}
    memory: dict[str, int] = {}
    for process in family:
        name = _program(process)
        memory[name] = memory.get(name, 0) + process.memory_full_info().pss
    return dict(sorted(memory.items(), key=lambda item: -item[1]))


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def _program(process: psutil.Process) -> str:
    words = " ".join(_command(process))
    for sign, name in (
        ("watchdog", "watchdogs"),
        ("postgres", "PostgreSQL"),
        ("valkey", "Valkey"),
        (" serve", "server"),
        (" worker", "worker"),
        (" up", "supervisor"),
    ):
        if sign in words:
            return name
    return "make"
