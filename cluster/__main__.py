"""`python -m cluster`: three servers, two workers and nginx on this machine, until Ctrl-C."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from faults.fleet import free_port

from cluster import nginx
from cluster.tools import ToolMissing
from faded_skies import supervisor
from faded_skies.cli import DEMO_SETTINGS
from faded_skies.local_shop import own_secrets, wanted_port
from faded_skies.supervisor import Process, Step

_PROGRAM = (sys.executable, "-m", "faded_skies")
_LEASH = str(Path(__file__).with_name("leash.py"))


@dataclass(frozen=True)
class Cluster:
    """What runs: nginx on `port`, servers behind it, workers. Logs are by name in `logs`."""

    data: Path
    port: int
    servers: dict[str, int]
    workers: dict[str, int]

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def processes(self) -> list[Process]:
        """Lay nginx's files out, and return everything that shall run. Raises ToolMissing."""
        folder = self.data / "nginx"
        nginx.lay_out(folder, listen=nginx.listen_on(self.port), ports=list(self.servers.values()))
        return [
            *[
                Process(name, [*_PROGRAM, "serve"], {"PORT": str(port)}, self._log(name))
                for name, port in self.servers.items()
            ],
            *[
                Process(name, [*_PROGRAM, "worker"], {"METRICS_PORT": str(port)}, self._log(name))
                for name, port in self.workers.items()
            ],
            Process("nginx", [sys.executable, _LEASH, *nginx.command(folder)], {}, self._log("nginx")),
        ]

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def welcome(self) -> str:
        """Return what runs where."""
        rows = {"nginx": self.address}
        rows |= {name: f"http://127.0.0.1:{port}" for name, port in self.servers.items()}
        rows |= {name: f"http://127.0.0.1:{port}/health" for name, port in self.workers.items()}
        lines = "\n".join(f"    {name:<9} {address:<29} {self._log(name)}" for name, address in rows.items())
        return f"""
  Faded Skies is open: {len(self.servers)} servers and {len(self.workers)} workers behind nginx.

{lines}

  Sign-ins: .venv/bin/faded-skies demo      See it move: .venv/bin/faded-skies simulate --url {self.address}
  Kill any of them: it is started again, and nothing is lost. Stop with Ctrl-C.
"""


@click.command()
@click.option("--servers", type=click.IntRange(1, 16), default=3, show_default=True, help="How many servers.")
@click.option("--workers", type=click.IntRange(1, 16), default=2, show_default=True, help="How many workers.")
def main(servers: int, workers: int) -> None:
    """Run the demo shop as it is deployed: servers and workers behind nginx, on one PostgreSQL and one Valkey.

    It shows that many processes do together what one does alone, not how fast many machines are. PORT (default 3000) is
    nginx's, and FADED_SKIES_DATA (default var/cluster) keeps the data and, in logs/, what each process says.
    """
    data = Path(os.environ.get("FADED_SKIES_DATA", "var/cluster")).resolve()
    cluster = Cluster(
        data,
        wanted_port(),
        {f"server-{number}": free_port() for number in range(1, servers + 1)},
        {f"worker-{number}": free_port() for number in range(1, workers + 1)},
    )
    settings = DEMO_SETTINGS | {
        "DRAIN_FOR": "2s",
        "DATABASE_POOL_SIZE": "6",  # all of them together within what the embedded PostgreSQL takes
        "FADED_SKIES_DATA": str(data),
        "API_URL": cluster.address,
        "TRUSTED_PROXIES": "127.0.0.1",
        "LOG_LEVEL": "info",
    }
    os.environ.update({name: os.environ.get(name, value) for name, value in settings.items()})
    own_secrets(data)
    shutil.rmtree(cluster.logs, ignore_errors=True)
    cluster.logs.mkdir()
    (data / "port").write_text(str(cluster.port))
    try:
        processes = cluster.processes()
    except ToolMissing as missing:
        raise click.ClickException(str(missing)) from None
    sys.exit(
        supervisor.up(
            data=data,
            port=cluster.port,
            steps=[Step("The database is up to date and the shop is filled", [*_PROGRAM, "prepare"])],
            processes=processes,
            welcome=cluster.welcome,
            ready_path="/health/live",
            database_url=os.environ.get("DATABASE_URL"),
            redis_url=os.environ.get("REDIS_URL"),
        )
    )


if __name__ == "__main__":
    main()
