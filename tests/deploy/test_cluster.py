"""What `make cluster` is made of: a program on a leash ends with whoever started it, and the other way round."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from cluster import leash
from cluster.__main__ import Cluster

from checkers import Tool
from faded_skies.platform.embedded import lifeline
from servers import SOURCE


@pytest.fixture
def leashed() -> Iterator[tuple[psutil.Process, int, psutil.Process]]:
    """A program on a leash, our end of its lifeline, and the child that holds the leash."""
    line, ours = os.pipe()
    program = subprocess.Popen(
        [sys.executable, leash.__file__, "/bin/sleep", "300"],
        env={"PYTHONPATH": str(SOURCE), lifeline.VARIABLE: str(line)},
        pass_fds=[line],
    )
    os.close(line)
    process = psutil.Process(program.pid)
    while process.name() != "sleep":
        assert program.poll() is None
    (holder,) = process.children()
    yield process, ours, holder
    program.kill()
    program.wait()


def test_it_ends_with_whoever_started_it(leashed: tuple[psutil.Process, int, psutil.Process]) -> None:
    program, ours, holder = leashed
    os.close(ours)
    assert program.wait(30) == -signal.SIGTERM
    _, alive = psutil.wait_procs([holder], timeout=30)
    assert not alive


def test_whoever_holds_the_leash_ends_with_it(leashed: tuple[psutil.Process, int, psutil.Process]) -> None:
    program, ours, holder = leashed
    program.kill()
    _, alive = psutil.wait_procs([holder], timeout=30)
    assert not alive
    os.close(ours)


def test_what_runs_where(tmp_path: Path, tool: Tool) -> None:
    nginx = tool("nginx")
    cluster = Cluster(tmp_path, 3000, {"server-1": 4001, "server-2": 4002}, {"worker-1": 4003})
    processes = {process.name: process for process in cluster.processes()}
    assert processes.keys() == {"server-1", "server-2", "worker-1", "nginx"}
    assert processes["server-2"].environment == {"PORT": "4002"}
    assert processes["worker-1"].environment == {"METRICS_PORT": "4003"}
    assert [str(process.log) for process in processes.values()] == [
        f"{tmp_path}/logs/{name}.log" for name in processes
    ]
    assert nginx in processes["nginx"].argv
    servers = (tmp_path / "nginx" / "servers.conf").read_text()
    assert [line.split()[1] for line in servers.splitlines()] == ["127.0.0.1:4001", "127.0.0.1:4002"]
    for name in processes:
        assert name in cluster.welcome()
