"""`faded-skies rules`: check the law's files, see what is in force, answer for what is not verified."""

import sys
from typing import TYPE_CHECKING

import click

from faded_skies.on_database import on_database

if TYPE_CHECKING:
    from faded_skies.domains.compliance.service import Law, RuleState
    from faded_skies.platform.db import Database


@click.group()
def rules() -> None:
    """Check the law's files, see which rules are in force, answer for those that are not verified.

    A state's rules stand in jurisdictions/<id>.toml, those of its towns in jurisdictions/<id>/ (docs/adr/0020). The
    shop's own is chosen by JURISDICTION.
    """


@rules.command()
@click.argument("jurisdictions", nargs=-1)
def check(jurisdictions: tuple[str, ...]) -> None:
    """Read rule files and name every mistake with its line; all of them where none is named.

    Exit code 1 when there is a mistake. Nothing but the files is needed.

    \b
    faded-skies rules check
    faded-skies rules check us-ca
    """
    from faded_skies.domains.compliance import service as compliance

    known = compliance.jurisdictions()
    wrong = False
    for name in jurisdictions or known:
        if name not in known:
            raise click.ClickException(f"There is no {name}. Known are: {', '.join(known)}.")
        law, mistakes = compliance.check(name)
        for mistake in sorted(mistakes):
            click.echo(mistake)
        wrong = wrong or bool(mistakes)
        if law is not None:
            click.echo(_summary(law))
    sys.exit(1 if wrong else 0)


@rules.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are verified.")
def list_rules(everything: bool) -> None:
    """Show the rules in force that are not verified, and who has acknowledged them.

    \b
    faded-skies rules list
    faded-skies rules list --all
    """
    sys.exit(on_database(lambda db: _list(db, everything=everything)))


@rules.command()
@click.argument("rule")
@click.option("--operator", required=True, help="The name of the person who answers for it.")
def acknowledge(rule: str, operator: str) -> None:
    """Answer for a rule that is not verified; from then on it counts as it stands, until its words change.

    \b
    faded-skies rules acknowledge hours.order --operator "Maya Okafor"
    """
    sys.exit(on_database(lambda db: _acknowledge(db, rule, operator.strip())))


def _summary(law: "Law") -> str:
    from faded_skies.domains.compliance import service as compliance
    from faded_skies.platform import clock

    book = law.at(clock.now())
    found = compliance.rules_of(book)
    unsure = sum(rule.unverified for rule in found)
    fictional = ", fictional" if book.fictional else ""
    towns = len({id(own) for own in law.towns_at(clock.now()).values()})
    return (
        f"{book.id}: {book.name}{fictional}; {len(found)} rules in force, {unsure} not verified; {towns} of towns; "
        f"{len(law.versions)} versions by date; sha256 {book.digest[:12]}…"
    )


def _law() -> "Law":
    from faded_skies.domains.compliance import service as compliance
    from faded_skies.platform.settings import read_settings

    settings = read_settings()
    return compliance.read_law(settings.jurisdiction, fictional_counts=settings.environment != "production")


async def _list(db: "Database", *, everything: bool) -> int:
    from faded_skies.domains.compliance import service as compliance
    from faded_skies.platform import clock

    states = await compliance.list_rules(db, _law(), now=clock.now())
    shown = [state for state in states if everything or state.rule.unverified]
    for state in shown:
        click.echo(_line(state))
    if not shown:
        click.echo("Every rule in force is verified.")
    return 0


async def _acknowledge(db: "Database", rule: str, operator: str) -> int:
    from faded_skies.domains.compliance import service as compliance
    from faded_skies.domains.compliance.errors import RuleNotFound
    from faded_skies.platform import clock

    if len(operator) < 2:  # noqa: PLR2004 - initials are the least that names a person
        raise click.ClickException("Give the name of the person who answers for the rule.")
    try:
        async with db.transaction() as tx:
            states = await compliance.acknowledge(
                tx, _law(), rule_id=rule, operator=operator, actor_id=None, now=clock.now()
            )
    except RuleNotFound as error:
        raise click.ClickException(error.text) from None
    for state in states:
        click.echo(_line(state))
    return 0


def _line(state: "RuleState") -> str:
    given = state.acknowledgement
    who = (
        f"acknowledged by {given.operator} on {given.acknowledged_at:%Y-%m-%d}"
        if given
        else "NOT acknowledged"
    )
    sure = "an example" if state.rule.grade == "example" else "verified"
    told = who if state.rule.unverified else sure
    where = f" ({state.town})" if state.town else ""
    return f"{state.rule.id + where:<40} {told:<45} {state.rule.source}"
