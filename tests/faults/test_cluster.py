"""The shop as it is deployed: nginx, servers, workers. Any of them is killed, or renewed, and nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from cluster import rolling

from checkers import ROOT
from faults import run as faults
from servers import free_port

pytestmark = pytest.mark.timeout(1200)


async def test_books_after_any_process_was_killed() -> None:
    outcome = await faults.run(
        faults.Wish(orders=120, in_flight=12, seed=7, servers=3, workers=2, behind_nginx=True)
    )
    print(json.dumps(outcome.figures | dict(outcome.faults), indent=2))  # noqa: T201 - the figures of a soak
    assert outcome.violations == []
    assert outcome.figures["orders placed"] > 30
    assert outcome.faults["a process killed at any moment"] > 1


@pytest.mark.enable_socket
def test_rolling_renewal_fails_no_request_and_sockets_come_back() -> None:
    outcome = rolling.run(rolling.Wish(servers=2, workers=1, customers=3, sockets=12))
    print(outcome.requests, outcome.renewals, outcome.cut, outcome.returned)  # noqa: T201 - the figures of a soak
    assert outcome.failed == []
    assert outcome.renewals.keys() == {"server 1", "server 2", "worker 1"}
    assert outcome.cut == outcome.returned >= 12
    assert outcome.requests["POST 201"] > 0


@dataclass(frozen=True)
class Running:
    """A `make cluster` that runs."""

    address: str
    process: subprocess.Popen[str]
    data: Path

    def all(self) -> list[psutil.Process]:
        """Return the processes it has started, but the engines."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def find(self, program: str) -> list[psutil.Process]:
        """Return those that are `serve`, `worker` or `nginx`."""
        return [one for one in self.all() if program in {one.name(), *one.cmdline()[-1:]}]

    def wait(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + 300
        while not condition():
            assert self.process.poll() is None, "the cluster ended"
            assert time.monotonic() < deadline, what
            time.sleep(0.2)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health/ready", timeout=10).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("cluster")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "cluster"],
        cwd=ROOT,
        env={**os.environ, "PORT": str(port), "FADED_SKIES_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    running = Running(f"http://127.0.0.1:{port}", process, data)
    running.wait(running.answers, "the cluster answers")
    yield running
    process.kill()
    process.communicate()


@pytest.mark.enable_socket
def test_each_is_started_again_and_none_is_left(cluster: Running) -> None:
    assert [len(cluster.find(name)) for name in ("serve", "worker", "nginx")] == [3, 2, 1]
    for name in ("serve", "worker", "nginx"):
        before = len(cluster.find(name))
        victim = cluster.find(name)[0]
        victim.kill()
        victim.wait(30)
        cluster.wait(lambda name=name, before=before: len(cluster.find(name)) == before, f"{name} runs again")
        cluster.wait(cluster.answers, f"the cluster answers after {name} was killed")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "faded_skies",
            "simulate",
            "--url",
            cluster.address,
            "--minutes",
            "0.5",
            "--json",
        ],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["orders"]["delivered"] > 0
    everything = cluster.all()
    cluster.process.send_signal(signal.SIGINT)
    printed, _ = cluster.process.communicate(timeout=90)
    assert "Everything has stopped; the data is safe." in printed
    _, alive = psutil.wait_procs(everything, timeout=60)
    assert not alive
