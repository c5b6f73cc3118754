"""`faded-skies remove-mfa`: for people who have lost their phone and their recovery codes."""

import asyncio
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from faded_skies.platform.settings import Settings


@click.command("remove-mfa")
@click.argument("email")
@click.option(
    "--reason", required=True, help="Why, and how you made sure who asks; it goes into the audit log."
)
def remove_mfa(email: str, reason: str) -> None:
    """Turn off the second factor of EMAIL, whose phone and recovery codes are lost.

    Their sessions end and they are told by mail. Who can talk you into this can get in with the password alone: make
    sure by another way than mail that it is they who ask.

    It reads the same settings as `faded-skies serve`.

    \b
    faded-skies remove-mfa agent@example.com --reason "Lost phone; seen in the shop, staff pass 1042"
    """
    import asyncpg

    from faded_skies.domains.identity.errors import NoSecondFactor, PersonNotFound
    from faded_skies.platform.errors import StartRefused
    from faded_skies.platform.settings import read_settings

    if not reason.strip():
        raise click.UsageError("Say why with --reason.")
    try:
        asyncio.run(_remove(read_settings(), email, reason.strip()))
    except StartRefused as error:
        raise click.ClickException(str(error)) from None
    except PersonNotFound:
        raise click.ClickException(f"Nobody has an open account with {email}.") from None
    except NoSecondFactor:
        raise click.ClickException(f"{email} has no second factor. Nothing was changed.") from None
    except (OSError, asyncpg.PostgresError) as error:
        raise click.ClickException(f"The database cannot be reached: {error}") from None
    click.echo(f"The second factor of {email} is off, and their sessions have ended. A mail tells them.")


async def _remove(settings: "Settings", email: str, reason: str) -> None:
    from faded_skies import bootstrap
    from faded_skies.domains.identity import service

    # The whole application, not the database alone: its subscriptions make the mail.
    async with (
        bootstrap.application(settings, serves=False) as application,
        application.ports.db.transaction() as tx,
    ):
        await service.remove_lost_second_factor(tx, email=email, reason=reason)
