"""`python -m faults`: order, kill, lose, and prove that every cent is where it must be."""

import asyncio
from dataclasses import replace

import click

from faults.run import Outcome, Wish, run

_MOST_SHOWN = 50


@click.command()
@click.option("--orders", default=Wish.orders, show_default=True, help="How many orders to begin.")
@click.option(
    "--in-flight",
    default=Wish.in_flight,
    show_default=True,
    help="How many customers order at the same time.",
)
@click.option(
    "--seed", default=Wish.seed, show_default=True, help="Which chances are drawn; timing still differs."
)
@click.option(
    "--rate", default=Wish.rate, show_default=True, help="How likely each moment of a gateway call breaks."
)
@click.option(
    "--cluster",
    is_flag=True,
    help="Three servers and two workers behind nginx, which is killed now and then, too.",
)
def main(orders: int, in_flight: int, seed: int, rate: float, *, cluster: bool) -> None:
    """Order under faults, and prove that nothing was charged twice, lost or made up.

    A shop on engines of its own, in a temporary folder: two servers and a worker that are killed at any moment and
    started again; connections to the database that are cut; a gateway that is not reached, dies while it works, or
    whose answers are lost; webhooks first, late, twice and never. Customers repeat what they got no answer to.

    Then 20 minutes pass, and everything is compared: the vendor's charges, attempts, orders, refunds, coins, drawers,
    stock, what clients were told, and the books. Exit code 1 on any violation. See docs/runbooks/faults.md.

    \b
    make faults
    make faults ARGS="--orders 10000 --seed 7"
    make faults ARGS="--cluster"
    """
    wish = Wish(orders, in_flight, seed, rate)
    if cluster:
        wish = replace(wish, servers=3, workers=2, behind_nginx=True)
    click.echo(f"{orders:,} orders, {in_flight} in flight, seed {seed} …", err=True)
    outcome = asyncio.run(run(wish))
    _show(outcome)
    if outcome.violations:
        again = (
            f"--orders {orders} --in-flight {in_flight} --seed {seed} --rate {rate}{' --cluster' * cluster}"
        )
        click.echo(f'\nAgain with the same chances: make faults ARGS="{again}"')
        raise SystemExit(1)


def _show(outcome: Outcome) -> None:
    for title, rows in (("What happened", outcome.figures), ("Faults", dict(sorted(outcome.faults.items())))):
        click.echo(f"\n{title}")
        for name, count in rows.items():
            click.echo(f"{count:>10,}  {name}")
    click.echo(f"\n{len(outcome.violations):>10,}  VIOLATIONS in {outcome.seconds:,.0f} seconds")
    for violation in outcome.violations[:_MOST_SHOWN]:
        click.echo(f"            {violation}")


if __name__ == "__main__":
    main()
