"""A real RabbitMQ for tests: Debian's packages, installed or unpacked into .tools/rabbitmq, as an ordinary process.

`sh scripts/unpack_rabbitmq.sh` unpacks them; without them and without an installed one the tests that need it
are skipped.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from servers import Program, free_port

ROOT = Path(__file__).parents[1]
UNPACKED = ROOT / ".tools" / "rabbitmq" / "usr"
PATIENCE = 100


def _places() -> tuple[Path, Path] | None:
    """Return the folders of RabbitMQ's scripts and of Erlang, None where there is none."""
    for usr in (UNPACKED, Path("/usr")):
        servers = sorted(usr.glob("lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"))
        if servers and (usr / "lib/erlang/bin/erl").exists():
            return servers[-1].parent, usr / "lib/erlang"
    return None


class RabbitMq(Program):
    """One broker; its address and what it has stored stay the same over its lives."""

    def __init__(self, folder: Path, scripts: Path, erlang: Path, *, epmd_port: int) -> None:
        self.port = free_port()
        self.address = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        environment = {
            "PATH": f"{erlang / 'bin'}:{os.defpath}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "ERL_ROOTDIR": str(erlang),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(epmd_port),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_NODENAME": f"peer{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            # One scheduler and no busy waiting: the tests share the machine.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        (folder / "plugins").write_text("[].\n")
        (folder / "rabbitmq.conf").write_text(
            "vm_memory_high_watermark.absolute = 256MB\ndisk_free_limit.absolute = 10MB\n"
        )
        super().__init__([str(scripts / "rabbitmq-server")], environment, folder / "rabbitmq.log")

    def kill(self) -> None:
        """Kill it as `kill -9` does: the shell that the package starts it by, and the broker."""
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        super().kill()

    def ready(self) -> None:
        """Wait until it greets as AMQP 0-9-1 does."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self.is_running, self.log.read_text()[-2000:]
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                if probe.recv(1) == b"\x01":
                    return
            assert time.monotonic() < deadline, f"the broker does not answer: {self.log.read_text()[-2000:]}"
            time.sleep(0.1)


@contextmanager
def rabbitmq(folder: Path) -> Iterator[RabbitMq]:
    """Run a broker with its own port mapper, both killed in the end. Skips the test where there is none."""
    places = _places()
    if places is None:
        pytest.skip("no RabbitMQ here: sh scripts/unpack_rabbitmq.sh unpacks Debian's")
    scripts, erlang = places
    epmd_port = free_port()
    epmd = subprocess.Popen(
        [
            shutil.which("epmd", path=str(erlang / "bin")) or "epmd",
            "-address",
            "127.0.0.1",
            "-port",
            str(epmd_port),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        broker = RabbitMq(folder, scripts, erlang, epmd_port=epmd_port)
        try:
            broker.ready()
            yield broker
        finally:
            broker.kill()
    finally:
        epmd.kill()
        epmd.wait()
