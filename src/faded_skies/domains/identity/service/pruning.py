"""Forgetting what is long expired."""

from faded_skies.domains.identity.queries import federated, invitations, mailed, mfa, passkeys, sessions
from faded_skies.platform.db import Tx


async def prune(tx: Tx) -> None:
    """Forget mailed and refresh tokens, and sessions, a while after their end; unfinished sign-ins at once."""
    await mailed.prune(tx)
    await sessions.prune(tx)
    await federated.prune(tx)
    await mfa.prune(tx)
    await passkeys.prune(tx)
    await invitations.prune(tx)
