"""Which account an engine runs as. PostgreSQL refuses root, so root hands it to an account without rights.

No account is created and no permission of an existing folder is changed for it.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faded_skies.platform.embedded.errors import EngineFailed

UNPRIVILEGED = ("postgres", "nobody")
ENVIRONMENT = {"PATH": os.defpath}
"""What engines see: no PG*, LC_* or LANG of the caller, and none of the app's secrets."""


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    @classmethod
    def current(cls) -> "Account":
        return cls(os.geteuid(), os.getegid())

    @classmethod
    def for_postgres(cls, place: Path) -> "Account":
        """Account that owns the data folder, or may own a new one. Raises EngineFailed."""
        current = cls.current()
        if place.exists():
            owner = place.stat()
            if current.uid not in (0, owner.st_uid):
                raise EngineFailed(
                    f"The database folder {place} belongs to another account (uid {owner.st_uid}). "
                    "Run the shop as that account, or set FADED_SKIES_DATA to another folder."
                )
            if owner.st_uid == 0:
                raise EngineFailed(
                    f"The database folder {place} belongs to root, and PostgreSQL never runs as root. "
                    f"Give it back to its account: chown -R postgres {place}/"
                )
            return cls(owner.st_uid, owner.st_gid)
        if current.uid != 0:
            return current
        for name in UNPRIVILEGED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise EngineFailed(
            "PostgreSQL never runs as root, and this machine has neither an account 'postgres' nor 'nobody'. "
            "Run the shop as an ordinary user."
        )

    @property
    def is_current(self) -> bool:
        return self.uid == os.geteuid()

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a command as this account, without the caller's environment. Raises OSError."""
        return subprocess.run(  # noqa: S603 - our own commands
            command,
            user=None if self.is_current else self.uid,
            group=None if self.is_current else self.gid,
            extra_groups=None if self.is_current else [],
            env=ENVIRONMENT,
            cwd="/",
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def can_enter(self, folder: Path) -> bool:
        if self.is_current:
            return True
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0
