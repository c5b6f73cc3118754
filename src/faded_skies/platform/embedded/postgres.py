"""PostgreSQL: one database on a socket that only its own account may enter, tuned for a small machine."""

import os
import shutil
import tempfile
from pathlib import Path
from signal import SIGINT
from urllib.parse import quote

from faded_skies.platform.embedded import binaries, wire
from faded_skies.platform.embedded.account import Account
from faded_skies.platform.embedded.errors import EngineFailed, NotReady
from faded_skies.platform.embedded.server import Progress, Server
from faded_skies.platform.embedded.sockets import make_socket_folder, socket_folder

DATABASE = "faded_skies"
USER = "faded_skies"
PORT = 5432  # only a part of the socket's name; nothing listens on the network
SOCKET = f".s.PGSQL.{PORT}"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "60",
    "shared_buffers": "64MB",
    "effective_cache_size": "256MB",
    "max_wal_size": "256MB",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "fsync": "on",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # statements and details hold personal data
    "log_error_verbosity": "terse",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
SETTINGS_SINCE_18 = {"io_method": "sync"}  # no reading processes of their own: 3 processes fewer

ALREADY_THERE = ("42P04", "23505")  # duplicate_database, or a unique violation when two create it at once
NO_SUCH_DATABASE = "3D000"
STARTING_OR_STOPPING = "57P03"


class Postgres:
    key = "postgres"
    name = "PostgreSQL"

    def __init__(self, data: Path, progress: Progress) -> None:
        found = binaries.find_postgres()
        self.data = data
        self.place = data / f"pg{found.major}"
        self.progress = progress
        self.account = Account.for_postgres(self.place)
        self.binaries = binaries.reachable(found, self.account)

    def lay_out(self) -> None:
        for left_over in self.data.glob(f"{self.place.name}.new-*"):
            shutil.rmtree(left_over, ignore_errors=True)  # of a start that was killed
        if not self.place.exists():
            self._refuse_other_data()
            self._create()
            self.account = Account.for_postgres(self.place)
        elif not (self.place / "PG_VERSION").exists():
            raise EngineFailed(
                f"{self.place} is no database folder. Move it away to start with an empty database."
            )
        self._remove_stale_pid()
        make_socket_folder(self.place, SOCKET, self.account)

    def server(self) -> Server:
        folder = socket_folder(self.place, SOCKET)
        quoted = '"{}"'.format(str(folder).replace('"', '""'))  # the setting is a list
        settings = SETTINGS | {"unix_socket_directories": quoted}
        if self.binaries.major >= 18:  # noqa: PLR2004 - the major that brought these settings
            settings |= SETTINGS_SINCE_18
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        program = self.binaries.folder / "postgres"
        command = (str(program), "-D", str(self.place.resolve()), *options)
        return Server(command, folder / SOCKET, self.account, SIGINT)

    def check(self) -> None:
        try:
            self._run(DATABASE, "SELECT 1")
        except wire.StatementRefused as refusal:
            if refusal.code == STARTING_OR_STOPPING:
                raise NotReady(str(refusal)) from refusal
            if refusal.code != NO_SUCH_DATABASE:
                raise
            self._create_database()

    def url(self) -> str:
        folder = quote(str(socket_folder(self.place, SOCKET)), safe="/")
        return f"postgresql://{USER}@/{DATABASE}?host={folder}&port={PORT}"

    def _run(self, database: str, statement: str) -> None:
        path = socket_folder(self.place, SOCKET) / SOCKET
        wire.run_statement(path, user=USER, database=database, statement=statement)

    def _create_database(self) -> None:
        try:
            self._run("postgres", f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'")
        except wire.StatementRefused as refusal:
            if refusal.code not in ALREADY_THERE:
                raise

    def _refuse_other_data(self) -> None:
        if self.place.is_symlink():
            raise EngineFailed(
                f"{self.place} points to {self.place.readlink()}, which is gone. "
                "Bring that folder back, or remove the link to start with an empty database."
            )
        others = sorted(self.data.glob("pg[0-9]*/PG_VERSION"))
        if others:
            raise EngineFailed(
                f"PostgreSQL {self.binaries.major} cannot read {others[0].parent}, "
                "which another version wrote. Install that version, "
                "or move the folder away to start with an empty database."
            )

    def _create(self) -> None:
        """Make the folder beside its place and rename it, so that a half-made one is never used."""
        sheltered = not self.account.can_enter(self.data)
        if sheltered:
            fresh = Path(tempfile.mkdtemp(prefix=f"{self.place.name}-", dir=binaries.shelter()))
        else:
            fresh = Path(tempfile.mkdtemp(prefix=f"{self.place.name}.new-", dir=self.data))
        os.chown(fresh, self.account.uid, self.account.gid)
        result = self.account.run([self.binaries.folder / "initdb", "-D", fresh, *self._initdb_options()])
        if result.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            last_lines = "\n".join(result.stdout.strip().splitlines()[-5:])
            raise EngineFailed(f"PostgreSQL could not make its data folder {self.place}:\n{last_lines}")
        if sheltered:
            self.place.symlink_to(fresh)
            self.progress(f"PostgreSQL's data lies in {fresh}, because its account cannot enter {self.data}")
        else:
            fresh.rename(self.place)

    def _initdb_options(self) -> list[str]:
        """Trust is sound because the only way in is a socket in a folder of mode 0700."""
        options = ["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--no-instructions"]
        if self.binaries.major >= 17:  # noqa: PLR2004 - the major that brought this provider, alike on every machine
            options += ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        else:
            options += ["--locale", "C", "--lc-ctype", "C.UTF-8"]
        if self.binaries.major < 18:  # noqa: PLR2004 - the major that made it the default
            options += ["--data-checksums"]
        return options

    def _remove_stale_pid(self) -> None:
        """Remove what a killed server left; PostgreSQL would refuse while any process has that number.

        Our server lock is free, so no server of ours is left; one that was started by hand is recognised.
        """
        pid_file = self.place / "postmaster.pid"
        if not pid_file.exists():
            return
        words = pid_file.read_text(errors="replace").split()
        if words and words[0].isdecimal() and self._works_here(int(words[0])):
            raise EngineFailed(
                f"Another PostgreSQL (process {words[0]}) uses {self.place}. "
                "Stop it, then start the shop again."
            )
        pid_file.unlink()
        for lock in (socket_folder(self.place, SOCKET) / f"{SOCKET}.lock", self.place / SOCKET):
            lock.unlink(missing_ok=True)

    def _works_here(self, pid: int) -> bool:
        """Whether the process works in the database folder, as a PostgreSQL server does."""
        if Path("/proc/self/cwd").exists():
            cwd = Path(f"/proc/{pid}/cwd")
            try:
                return cwd.exists() and cwd.samefile(self.place)
            except PermissionError:
                return False  # of another account, so not a server on our folder
        listing = Account.current().run(["/bin/ps", "-o", "command=", "-p", str(pid)])
        return str(self.place.resolve()) in listing.stdout
