"""The command line. Each command imports what it needs when it runs, so that --help and start stay quick."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

import click

from faded_skies.admin_command import create_admin
from faded_skies.audit_command import audit
from faded_skies.backup_command import backup, restore
from faded_skies.inspect_command import inspect
from faded_skies.ledger_command import ledger
from faded_skies.local_shop import data_folder, own_secrets, running_port, wanted_port
from faded_skies.rules_command import rules
from faded_skies.second_factor_command import remove_mfa
from faded_skies.vault_command import vault

if TYPE_CHECKING:
    from faded_skies.platform.settings import Settings

DEMO_SETTINGS = {
    "NODE_ENV": "development",
    "FADED_SKIES_DEMO": "true",
    "MFA_REQUIRED": "false",
    "RATE_LIMIT_MAX": "1000000",
    "RATE_LIMIT_AUTH_MAX": "1000000",
    "RATE_LIMIT_ORDER_MAX": "1000000",
    "RATE_LIMIT_CHAT_MAX": "1000000",
    "RATE_LIMIT_ANALYTICS_MAX": "1000000",
    "RATE_LIMIT_ANALYTICS_VISITORS_MAX": "1000000",
    "LOG_LEVEL": "warning",
    "DRAIN_FOR": "0s",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="faded-skies")
def main() -> None:
    """Faded Skies: the backend of a licensed cannabis retailer.

    To try it: `faded-skies up` starts everything on this machine, with a demo shop. In production run `migrate`
    once, then as many `serve` and `worker` processes as you need, with DATABASE_URL, REDIS_URL, JWT_SECRET
    and VAULT_MASTER_KEYS set.
    """


@main.command()
def up() -> None:
    """Start the whole shop on this machine: database, Valkey, server and worker, with demo data.

    The first start fills a demo shop; later starts find yesterday's data. PORT (default 3000) and FADED_SKIES_DATA
    (default var/) are honoured. Ctrl-C stops everything.
    """
    from faded_skies import supervisor

    data, port = data_folder(), wanted_port()
    for name, value in DEMO_SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ["FADED_SKIES_DATA"] = str(data)
    os.environ["PORT"] = str(port)
    os.environ.setdefault("API_URL", f"http://127.0.0.1:{port}")
    own_secrets(data)
    (data / "port").write_text(str(port))
    program = [sys.executable, "-m", "faded_skies"]
    sys.exit(
        supervisor.up(
            data=data,
            port=port,
            steps=[
                supervisor.Step("The database is up to date and the shop is filled", [*program, "prepare"])
            ],
            processes=[
                supervisor.Process("serve", [*program, "serve"]),
                supervisor.Process("worker", [*program, "worker"]),
            ],
            welcome=lambda: _welcome(port),
            ready_path="/health/live",
            database_url=os.environ.get("DATABASE_URL"),
            redis_url=os.environ.get("REDIS_URL"),
        )
    )


def _welcome(port: int) -> str:
    from faded_skies.demo.people import ADMIN, AGENT, CUSTOMERS, DRIVERS, PASSWORD

    base = f"http://127.0.0.1:{port}"
    people = {"customer": CUSTOMERS[0], "driver": DRIVERS[0], "agent": AGENT, "admin": ADMIN}
    signs = "\n".join(f"    {role:<9} {person.email}" for role, person in people.items())
    return f"""
  Faded Skies is open.

    API and sockets   {base}
    Try the API       {base}/docs
    Mail and push     {base}/outbox   (a local outbox; nothing leaves this machine)
    Health            {base}/health

  Sign in as (password for all: {PASSWORD})
{signs}

  Doubles, not the real thing: card payments (built-in sandbox), mail and push (outbox), track and trace,
  the law (a made-up Texas).
  See it move: .venv/bin/faded-skies simulate      Stop with Ctrl-C.
"""


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def demo(*, as_json: bool) -> None:
    """Print the demo shop's address and sign-ins."""
    from faded_skies.demo.people import ADMIN, AGENT, CUSTOMERS, DRIVERS, PASSWORD

    people = {"customer": CUSTOMERS[0], "driver": DRIVERS[0], "agent": AGENT, "admin": ADMIN}
    if not as_json:
        click.echo(_welcome(running_port()))
        return
    click.echo(
        json.dumps(
            {
                "baseUrl": f"http://127.0.0.1:{running_port()}",
                "people": {
                    role: {"email": person.email, "password": PASSWORD} for role, person in people.items()
                },
            }
        )
    )


@main.command()
def serve() -> None:
    """Serve the API and sockets on HOST and PORT."""
    from faded_skies.main import serve as run

    _run(run)


@main.command()
def worker() -> None:
    """Run queued and periodic jobs."""
    from faded_skies.worker import work

    _run(work)


def _run(process: Callable[["Settings"], Coroutine[None, None, None]]) -> None:
    import uvloop

    from faded_skies.platform.errors import StartRefused
    from faded_skies.platform.settings import read_settings

    try:
        uvloop.run(process(read_settings()))
    except StartRefused as error:
        raise click.ClickException(str(error)) from None


@main.command(
    add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True}
)
@click.pass_context
def simulate(context: click.Context) -> None:
    """Let customers browse, order and track, and drivers drive, against a running server."""
    from faded_skies.simulate.command import simulate as run

    run.main(args=context.args, prog_name="faded-skies simulate")


@main.command()
@click.option("--to", type=int, default=None, help="Migrate up or down to this number; 0 undoes everything.")
def migrate(to: int | None) -> None:
    """Bring the database named by DATABASE_URL to the newest migration."""
    from faded_skies.platform.migrations import MigrationError
    from faded_skies.platform.migrations import migrate as run
    from faded_skies.platform.settings import SettingsError, read_database_url

    try:
        url = read_database_url()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    if not url:
        raise click.ClickException(
            "DATABASE_URL is not set. Name the database: postgresql://user:password@host/name"
        )
    try:
        count = asyncio.run(run(url, to=to, progress=lambda name: click.echo(f"  {name}")))
    except MigrationError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{count} migrations run." if count else "Nothing to do: the database is up to date.")


main.add_command(audit)
main.add_command(backup)
main.add_command(inspect)
main.add_command(ledger)
main.add_command(restore)
main.add_command(rules)
main.add_command(vault)
main.add_command(remove_mfa)
main.add_command(create_admin)


@main.command(hidden=True)
def prepare() -> None:
    """Migrate, and fill the demo shop where there is none yet."""
    from faded_skies.platform.migrations import MigrationError
    from faded_skies.platform.migrations import migrate as run

    try:
        asyncio.run(run(os.environ["DATABASE_URL"], progress=_tell))
    except MigrationError as error:
        raise click.ClickException(str(error)) from None
    if os.environ.get("FADED_SKIES_DEMO") == "true":
        asyncio.run(_fill())


def _tell(line: str) -> None:
    click.echo(f"          {line}")


async def _fill() -> None:
    import asyncpg

    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        filled = await connection.fetchval("SELECT EXISTS (SELECT FROM shop)")
    finally:
        await connection.close()
    if not filled:
        from faded_skies.demo.seed import seed
        from faded_skies.platform.settings import read_settings

        await seed(read_settings(), progress=_tell)
