"""What the launcher needs to know of an engine, whichever it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Protocol

from faded_skies.platform.embedded.account import Account

Progress = Callable[[str], None]
"""Told a short line for the operator each time something is done."""


@dataclass(frozen=True)
class Server:
    """One engine's server, as the watchdog runs it."""

    command: tuple[str, ...]
    socket: Path
    account: Account
    stop: Signals
    """The signal by which it stops cleanly and at once."""


class Engine(Protocol):
    """An engine whose data lies in one folder and which listens on one socket."""

    @property
    def key(self) -> str:
        """Names the lock files and the log."""

    @property
    def name(self) -> str:
        """Names it in sentences."""

    def lay_out(self) -> None:
        """Make the data folder, or mend it after a crash. Called only while no server runs on it."""

    def server(self) -> Server: ...

    def check(self) -> None:
        """Raise NotReady unless the server answers. Anything else raised is final."""

    def url(self) -> str:
        """Where clients connect; known when `check` has succeeded."""
