"""Start both engines, use them together with other processes, and leave them.

Every process that uses an engine holds a shared lock on it; the last one to leave, in whatever way, ends it.
So the process that started the engines may go first: the others keep them, and nobody is cut off.
"""

import fcntl
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from faded_skies.platform.embedded.account import ENVIRONMENT
from faded_skies.platform.embedded.errors import EngineFailed, NotReady
from faded_skies.platform.embedded.postgres import Postgres
from faded_skies.platform.embedded.server import Engine, Progress
from faded_skies.platform.embedded.valkey import Valkey
from faded_skies.platform.embedded.wire import StatementRefused

PATIENCE = 60.0  # seconds for a server to answer, or for one that is stopping to be gone
POLL = 0.005  # seconds
LARGEST_LOG = 5_000_000  # bytes; the log before it is kept as well
WATCHDOG = Path(__file__).with_name("watchdog.py")


@dataclass(frozen=True)
class Engines:
    """Where the engines are: for asyncpg, and for redis-py."""

    database_url: str
    redis_url: str


class Share:
    """This process's share in one engine."""

    def __init__(self, engine: Engine, data: Path) -> None:
        self.engine = engine
        self.log = data / f"{engine.key}.log"
        self._locks = data / "locks"
        self._users: int | None = None
        self._line_to_watchdog: int | None = None
        self._line_from_watchdog: int | None = None

    @property
    def entered(self) -> bool:
        return self._users is not None

    def enter(self) -> None:
        """Use the engine, starting it when nobody has. Raises EngineFailed."""
        deadline = time.monotonic() + PATIENCE
        self._users = self._open("users")
        while not _try_lock(self._users, fcntl.LOCK_SH):
            self._give_up_after(deadline, "is still stopping")
            time.sleep(POLL)
        while not self._answers():
            if self._watchdog_gave_up():
                raise EngineFailed(f"{self.engine.name} does not start.{self._hint()}")
            self.watch()
            self._give_up_after(deadline, "does not answer")
            time.sleep(POLL)
        self.watch()

    def watch(self) -> bool:
        """Start a watchdog when there is none, and say so. It takes over a server that still runs."""
        watching = self._open("watchdog")
        held: int | None = None
        try:
            if not _try_lock(watching, fcntl.LOCK_EX):
                return False
            self._close_lines()
            held = self._open("server")
            if _try_lock(held, fcntl.LOCK_EX):
                self.engine.lay_out()
            else:
                os.close(held)
                held = None
            self._start_watchdog(watching, held)
            return True
        finally:
            os.close(watching)
            if held is not None:
                os.close(held)

    def leave(self) -> None:
        """Stop the engine, unless others use it."""
        if self._users is None:
            return
        os.close(self._users)
        self._users = None
        if self._line_from_watchdog is not None and self._line_to_watchdog is not None:
            os.close(self._line_to_watchdog)
            self._line_to_watchdog = None
            select.select([self._line_from_watchdog], [], [], PATIENCE)
        self._close_lines()

    def _answers(self) -> bool:
        try:
            self.engine.check()
        except NotReady:
            return False
        except StatementRefused as refusal:
            raise EngineFailed(f"{self.engine.name} refuses to work: {refusal}.{self._hint()}") from refusal
        return True

    def _start_watchdog(self, watching: int, held: int | None) -> None:
        server = self.engine.server()
        watchdog_reads, self._line_to_watchdog = os.pipe()
        self._line_from_watchdog, watchdog_writes = os.pipe()
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open(self.log, "ab", opener=_for_owner_only) as log:
            bare = [sys.executable, "-I", "-S", str(WATCHDOG)]
            numbers = f"{int(server.stop)},{server.account.uid},{server.account.gid}"
            paths = [str(self._locks / f"{self.engine.key}.{role}") for role in ("users", "server")]
            held_number = -1 if held is None else held
            subprocess.run(  # noqa: S603 - our own program
                [
                    *bare,
                    *paths,
                    str(watching),
                    str(held_number),
                    str(server.socket),
                    numbers,
                    *server.command,
                ],
                stdin=watchdog_reads,
                stdout=watchdog_writes,
                stderr=log,
                pass_fds=[watching] if held is None else [watching, held],
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                check=True,
            )
        os.close(watchdog_reads)
        os.close(watchdog_writes)

    def _watchdog_gave_up(self) -> bool:
        if self._line_from_watchdog is None:
            return False
        ready, _, _ = select.select([self._line_from_watchdog], [], [], 0)
        return bool(ready)

    def _close_lines(self) -> None:
        for line in (self._line_to_watchdog, self._line_from_watchdog):
            if line is not None:
                os.close(line)
        self._line_to_watchdog = self._line_from_watchdog = None

    def _open(self, role: str) -> int:
        return os.open(self._locks / f"{self.engine.key}.{role}", os.O_RDWR | os.O_CREAT, 0o600)

    def _give_up_after(self, deadline: float, what: str) -> None:
        if time.monotonic() > deadline:
            raise EngineFailed(f"{self.engine.name} {what} after {PATIENCE:.0f} seconds.{self._hint()}")

    def _hint(self) -> str:
        last_lines = self.log.read_text(errors="replace").splitlines()[-5:] if self.log.exists() else []
        return "\n".join([f" Its log is {self.log}; the end of it:", *last_lines])


def _for_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class RunningEngines:
    """The engines this process uses, until `stop`, the end of the `with` block or of the process."""

    def __init__(self, engines: Engines, shares: Sequence[Share]) -> None:
        self.engines = engines
        self._shares = shares

    def mend(self) -> list[str]:
        """Start what nobody watches any more, and name it; cheap enough for once a second.

        Raises EngineFailed.
        """
        return [share.engine.name for share in self._shares if share.entered and share.watch()]

    def stop(self) -> None:
        """Leave the engines; they stop when no other process uses them. Stopping twice does nothing."""
        self.mend()  # so that even a server whose watchdog was killed is stopped
        with ThreadPoolExecutor() as pool:
            leaving = [pool.submit(share.leave) for share in self._shares]
        for left in leaving:
            left.result()

    def __enter__(self) -> Engines:
        return self.engines

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    data: Path,
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    progress: Progress = lambda _line: None,
) -> RunningEngines:
    """Start both engines at once, or join those that already run on this data folder. Raises EngineFailed.

    An engine whose address is given is somebody else's: it is neither started nor stopped here.
    """
    data = _data_folder(data)
    began = time.monotonic()
    shares: list[Share] = []

    def use(engine: Engine) -> str:
        share = Share(engine, data)
        shares.append(share)
        share.enter()
        progress(f"{engine.name} is ready ({time.monotonic() - began:.2f} s)")
        return engine.url()

    with ThreadPoolExecutor() as pool:
        database = pool.submit(lambda: database_url or use(Postgres(data, progress)))
        valkey = pool.submit(lambda: redis_url or use(Valkey(data)))
    try:
        engines = Engines(database.result(), valkey.result())
    except BaseException:
        for share in shares:
            share.leave()
        raise
    return RunningEngines(engines, shares)


def _data_folder(data: Path) -> Path:
    """The data folder, made when absent; what we make as root lets the engine's account pass."""
    data = data.absolute()
    missing = [folder for folder in (data, *data.parents) if not folder.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        (data / "locks").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EngineFailed(
            f"The data folder {data} cannot be written ({error.strerror}). "
            "Run the shop as the account that owns it, or set FADED_SKIES_DATA to another folder."
        ) from error
    return data
