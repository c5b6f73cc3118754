"""`faded-skies simulate`: demo, smoke test and load source at once."""

import asyncio
import json
import random
import signal
import sys
from contextlib import suppress

import click
from rich.console import Console

from faded_skies.demo.people import CUSTOMERS, DRIVERS
from faded_skies.local_shop import running_port
from faded_skies.simulate.client import Refused, Unexplained
from faded_skies.simulate.scene import Plan, Scene
from faded_skies.simulate.summary import as_json, show
from faded_skies.simulate.tally import Tally
from faded_skies.simulate.town import Town
from faded_skies.simulate.view import View


def _default_url() -> str:
    return f"http://127.0.0.1:{running_port()}"


@click.command()
@click.option(
    "--url",
    default=_default_url,
    show_default="the shop of FADED_SKIES_DATA on this machine",
    help="Where the shop answers.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    default=10,
    show_default=True,
    help="How long customers keep coming. Bringing the last orders home takes two or three minutes more.",
)
@click.option(
    "--customers",
    type=click.IntRange(1, len(CUSTOMERS)),
    default=20,
    show_default=True,
    help="How many demo customers take part, each with a socket of their own.",
)
@click.option(
    "--drivers",
    type=click.IntRange(1, len(DRIVERS)),
    default=4,
    show_default=True,
    help="How many drivers deliver.",
)
@click.option(
    "--orders-per-minute",
    type=click.FloatRange(0, min_open=True),
    default=30,
    show_default=True,
    help="How many customers a minute come to order, at random moments. Some are refused or change their mind.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    default=20,
    show_default=True,
    help="Time-lapse of driving: 1 drives as in real life, 20 makes a delivery take about a minute.",
)
@click.option("--seed", type=int, help="Repeats the choices of an earlier run; its summary names its seed.")
@click.option(
    "--staff/--no-staff",
    default=True,
    show_default=True,
    help="Whether the demo admin packs orders and gives them to drivers; without, you do it.",
)
@click.option(
    "--json", "json_", is_flag=True, help="Print the summary as JSON; progress goes to standard error."
)
def simulate(
    *,
    url: str,
    minutes: float,
    customers: int,
    drivers: int,
    orders_per_minute: float,
    speed: float,
    seed: int | None,
    staff: bool,
    json_: bool,
) -> None:
    """Let invented customers order and invented drivers deliver, against a running demo shop.

    Everything goes through the public API and sockets, as the demo people printed by `faded-skies demo`. Cards are
    test cards. Afterwards the books are checked: amounts, states, refunds, coins. Orders that nobody could bring are
    cancelled at the end.

    The summary counts refusals that have a good reason (sold out, over the daily limit, card declined) apart from
    what nobody can explain. The exit status is 1 when anything unexplained happened, else 0.

    For example:

    \b
      faded-skies simulate                                          ten lively minutes
      faded-skies simulate --minutes 1 --json                       a smoke test
      faded-skies simulate --customers 40 --orders-per-minute 600   a load
    """
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("give an address that begins with http:// or https://", param_hint="--url")
    plan = Plan(
        url=url.rstrip("/"),
        minutes=minutes,
        customers=customers,
        drivers=drivers,
        orders_per_minute=orders_per_minute,
        speed=speed,
        seed=random.SystemRandom().randrange(1_000_000) if seed is None else seed,
        staff=staff,
    )
    sys.exit(asyncio.run(_run(plan, as_program=json_)))


async def _run(plan: Plan, *, as_program: bool) -> int:
    """Run the simulation and print its summary; return the exit status."""
    console = Console(stderr=as_program)
    scene = Scene(plan, Tally(random.Random(plan.seed)))  # noqa: S311 - play, not security
    town = Town(scene)
    view = View(console, scene, town)
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        scene.phase = "stopping"
        town.interrupt()
        # A second Ctrl-C ends the program at once.
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGTERM, interrupt)
    viewing = asyncio.create_task(view.run())
    try:
        await town.live()
    except Refused as refused:
        raise click.UsageError(
            f"{plan.url} does not know the demo people ({refused.code}). Simulate against a demo shop: "
            "start one with `faded-skies up`."
        ) from refused
    except Unexplained as unexplained:
        failure = unexplained.failure
        if failure.status is None:
            raise click.UsageError(
                f"Nothing answers at {plan.url} ({failure.what}). Start the shop with `faded-skies up`, or give --url."
            ) from unexplained
        scene.tally.fail(failure)
    finally:
        viewing.cancel()
        with suppress(asyncio.CancelledError):
            await viewing
    if as_program:
        click.echo(json.dumps(as_json(scene, seconds=view.seconds), indent=2))
    else:
        show(console, scene, seconds=view.seconds)
    return 1 if scene.tally.failed else 0
