"""`faded-skies up`: the whole shop on one machine.

The supervisor starts the engines, prepares the data and starts the processes that serve and work; it restarts
what dies, and stops everything. When it is killed itself, the processes notice by their lifeline and the
engines by their watchdogs, so nothing is left running.
"""

import errno
import http.client
import os
import select
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import click

from faded_skies.platform.embedded import EngineFailed, Engines, RunningEngines, lifeline, start

POLL = 0.05  # seconds between questions whether the server answers
LOOK_AROUND = 1.0  # seconds between looks at the engines and at whoever started us
PATIENCE = 60.0  # seconds for the server to answer at first
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a process that died is started again
SETTLED = 60.0  # a process that lived this many seconds had started well


@dataclass(frozen=True)
class Step:
    """Work that must succeed before anything is served, such as migrating."""

    label: str
    argv: Sequence[str]


@dataclass(frozen=True)
class Process:
    """A program that runs as long as the shop does. It should call `lifeline.watch()` as it starts.

    `environment` is what it finds beside what all find; what it prints goes to `log`, without one to where ours goes.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None


class Interrupted(Exception):
    """The operator asked to stop."""


class StartFailed(Exception):
    """The shop cannot start; the message is for the operator."""


class Interruptions:
    """SIGINT, SIGTERM, SIGHUP and a closed terminal as a state, and SIGCHLD as a reason to look."""

    def __init__(self) -> None:
        self.asked_to_stop = False
        self._wake, wake_write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake_write, False)
        self._watched = select.poll()
        self._watched.register(self._wake, select.POLLIN)
        if os.isatty(0):
            self._watched.register(
                0, 0
            )  # tells of a hang-up, which reaches `make` alone when it leads the session
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until a signal arrives."""
        for descriptor, _ in self._watched.poll(seconds * 1000):
            if descriptor == self._wake:
                os.read(self._wake, 64)
            else:
                self._watched.unregister(descriptor)
                self._note(signal.SIGHUP)

    def _note(self, number: int, _frame: object = None) -> None:
        self.asked_to_stop = True
        if number == signal.SIGHUP:
            leave_terminal()


class Running:
    """One process, with the patience it has left."""

    def __init__(self, process: Process, environment: Mapping[str, str], line: int) -> None:
        self.process = process
        self._environment = environment
        self._line = line
        self._pause = FIRST_PAUSE
        self._due: float | None = None
        self.start()

    def start(self) -> None:
        self._due = None
        self._started = time.monotonic()
        self.child = spawn(self.process, self._environment, self._line)

    def restart_when_dead(self) -> None:
        if self._due is not None:
            if time.monotonic() >= self._due:
                self.start()
            return
        status = self.child.poll()
        if status is None:
            return
        if time.monotonic() - self._started > SETTLED:
            self._pause = FIRST_PAUSE
        click.echo(f"{self.process.name} {how_it_ended(status)}; starting it again in {self._pause:g} s.")
        self._due = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


def up(
    *,
    data: Path,
    port: int,
    steps: Sequence[Step],
    processes: Sequence[Process],
    welcome: Callable[[], str],
    host: str = "127.0.0.1",
    ready_path: str = "/health",
    database_url: str | None = None,
    redis_url: str | None = None,
) -> int:
    """Run the shop until it is asked to stop; the exit status.

    `host` and `port` are where one of the processes will listen; it is ready when `ready_path` answers below
    500, and then `welcome` is printed. An engine whose address is given is not started here.
    """
    supervisor = Supervisor()
    try:
        require_free_port(host, port)
        with ExitStack() as stack:
            running = start(data, database_url=database_url, redis_url=redis_url, progress=supervisor.say)
            stack.callback(running.stop)
            stack.callback(supervisor.stop_processes)
            environment = environment_with(running.engines)
            for step in steps:
                supervisor.take(step, environment)
            supervisor.start_processes(processes, environment)
            supervisor.await_answer(host, port, ready_path)
            click.echo(welcome())
            supervisor.keep_running(running)
    except Interrupted:
        click.echo("Everything has stopped; the data is safe.")
    except (StartFailed, EngineFailed) as failure:
        click.echo(str(failure), err=True)
        return 1
    return 0


class Supervisor:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._interruptions = Interruptions()
        self._line, self._line_of_ours = os.pipe()
        self._running: list[Running] = []
        self._parent = os.getppid() if "MAKELEVEL" in os.environ else None

    def say(self, line: str) -> None:
        click.echo(f"{time.monotonic() - self._began:6.2f} s  {line}")

    def take(self, step: Step, environment: Mapping[str, str]) -> None:
        """Run one step to its end. Raises StartFailed when it fails."""
        self._check_interruption()
        running = Running(Process(step.label, step.argv), environment, self._line)
        self._running.append(running)
        while (status := running.child.poll()) is None:
            self._interruptions.wait(LOOK_AROUND)
            self._check_interruption()
        self._running.remove(running)
        if status != 0:
            raise StartFailed(failed_start(step.label, status))
        self.say(step.label)

    def start_processes(self, processes: Sequence[Process], environment: Mapping[str, str]) -> None:
        self._running += [Running(process, environment, self._line) for process in processes]

    def await_answer(self, host: str, port: int, path: str) -> None:
        """Wait for the first answer. A process that ends before it has a reason that no restart mends."""
        deadline = time.monotonic() + PATIENCE
        while not answers(host, port, path):
            self._check_interruption()
            for running in self._running:
                status = running.child.poll()
                if status is not None:
                    raise StartFailed(failed_start(running.process.name, status))
            if time.monotonic() > deadline:
                raise StartFailed(f"The server does not answer after {PATIENCE:.0f} s; see above.")
            self._interruptions.wait(POLL)
        self.say("The shop is open")

    def keep_running(self, engines: RunningEngines) -> NoReturn:
        """Restart what dies, until Interrupted."""
        while True:
            self._check_interruption()
            for running in self._running:
                running.restart_when_dead()
            try:
                for name in engines.mend():
                    click.echo(f"{name} was watched by nobody; a new watchdog has taken over.")
            except EngineFailed as failure:
                click.echo(str(failure), err=True)
            self._interruptions.wait(LOOK_AROUND)

    def stop_processes(self) -> None:
        """Ask all to end, and kill what has not after the grace."""
        if not self._running:
            return
        click.echo("\nStopping …")
        alive = [running.child for running in self._running if running.child.poll() is None]
        for child in alive:
            child.terminate()
        deadline = time.monotonic() + lifeline.GRACE
        while time.monotonic() < deadline:
            if all(child.poll() is not None for child in alive):
                break
            self._interruptions.wait(POLL)
        for child in alive:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def _check_interruption(self) -> None:
        """`make` that was killed cannot say so, but whom it started is then somebody else's child."""
        if self._interruptions.asked_to_stop or (self._parent is not None and os.getppid() != self._parent):
            raise Interrupted


def leave_terminal() -> None:
    """Print to nowhere from now on, as printing to a terminal that is gone fails."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        if stat.S_ISCHR(os.fstat(descriptor).st_mode):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)


def environment_with(engines: Engines) -> dict[str, str]:
    """What the processes see: our environment without that of `make`, and where the engines are."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return {**ours, "DATABASE_URL": engines.database_url, "REDIS_URL": engines.redis_url}


def require_free_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is used by another program" if taken else f"cannot be used here ({error.strerror})"
            raise StartFailed(
                f"Port {port} {reason}. Choose another, for example: PORT={port % 65_535 + 1} make run"
            ) from error


def spawn(process: Process, environment: Mapping[str, str], line: int) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C reaches the supervisor alone."""
    with open(process.log, "ab") if process.log else nullcontext() as log:  # noqa: PTH123 - beside no file
        return subprocess.Popen(  # noqa: S603 - the composition root names the programs
            process.argv,
            env={**environment, **process.environment, lifeline.VARIABLE: str(line)},
            pass_fds=[line],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def answers(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def how_it_ended(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was killed by {signal.Signals(-status).name}"


def failed_start(name: str, status: int) -> str:
    return f"{name} {how_it_ended(status)}, so the shop does not start; the reason is printed above."
