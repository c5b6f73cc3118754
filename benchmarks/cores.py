"""Cores and the time spent on them, as Linux counts it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

SERVER_CORE = 0
LOAD_CORE = 1


@contextmanager
def on_core(*cores: int) -> Iterator[None]:
    """Run this process, and what it starts meanwhile, on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of all threads of another process, in user and kernel mode, to the nanosecond."""
    return time.clock_gettime(
        (~pid << 3) | 2
    )  # Linux: CPUCLOCK_SCHED of that process, clock_getcpuclockid(3)


@dataclass(frozen=True)
class Busy:
    """The share of the time (0 to 1) that each core was busy, whoever used it."""

    server: float
    load: float


class BusyMeter:
    """Tells how busy both cores were since it was made."""

    def __init__(self) -> None:
        self._before = psutil.cpu_times(percpu=True)

    def read(self) -> Busy:
        after = psutil.cpu_times(percpu=True)
        shares = []
        for core in (SERVER_CORE, LOAD_CORE):
            spent = [now - then for now, then in zip(after[core], self._before[core], strict=True)]
            times = dict(zip(after[core]._fields, spent, strict=True))
            # guest times are counted in user and nice already
            total = sum(spent) - times.get("guest", 0) - times.get("guest_nice", 0)
            idle = times["idle"] + times["iowait"]
            shares.append(1 - idle / total if total else 0.0)
        return Busy(*shares)
