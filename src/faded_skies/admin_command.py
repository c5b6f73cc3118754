"""`faded-skies create-admin`: the first person of a new shop."""

import asyncio
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from faded_skies.platform.settings import Settings


@click.command("create-admin")
@click.argument("email")
@click.option("--name", default="Administrator", show_default=True, help="Their full name.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from the standard input, for programs."
)
def create_admin(email: str, name: str, *, password_stdin: bool) -> None:
    """Make an admin who signs in with EMAIL; asks for the password twice.

    An address that has an account already is refused and nothing changes, so a second run does no harm. Further
    staff is invited by the admin (POST /api/admin/invitations).

    It reads the same settings as `faded-skies serve`; run `migrate` before.

    \b
    faded-skies create-admin boss@example.com --name "Ines Marlow"
    """
    import asyncpg

    from faded_skies.domains.identity import service
    from faded_skies.domains.identity.errors import EmailTaken
    from faded_skies.platform.errors import Refused, StartRefused
    from faded_skies.platform.settings import read_settings

    try:
        settings = read_settings()
        password = (
            sys.stdin.readline().rstrip("\r\n")
            if password_stdin
            else click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
        )
        service.check_admin(email=email, full_name=name.strip(), password=password)
        asyncio.run(_create(settings, email=email, name=name.strip(), password=password))
    except (StartRefused, Refused) as error:
        raise click.ClickException(str(error)) from None
    except EmailTaken:
        raise click.ClickException(
            f"{email} has an account already. Nothing was changed; sign in with it, or name another address."
        ) from None
    except asyncpg.UndefinedTableError:
        raise click.ClickException("This database is empty. Run `faded-skies migrate` first.") from None
    except (OSError, asyncpg.PostgresError) as error:
        raise click.ClickException(f"The database cannot be reached: {error}") from None
    click.echo(f"{email} is an admin now and can sign in.")


async def _create(settings: "Settings", *, email: str, name: str, password: str) -> None:
    from faded_skies import bootstrap
    from faded_skies.adapters.passwords.hasher import PwdlibHasher
    from faded_skies.domains.identity import service

    hasher = PwdlibHasher()
    try:
        password_hash = await hasher.hash(password)
    finally:
        hasher.close()
    async with bootstrap.database(settings) as db, db.transaction() as tx:
        await service.create_admin(tx, email=email, full_name=name, password_hash=password_hash)
