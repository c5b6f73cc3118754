"""What a database that went back to an earlier moment makes necessary."""

from faded_skies.domains.identity.queries import restored
from faded_skies.platform.db import Tx


async def end_everything(tx: Tx) -> None:
    """End all sessions and invitations, and what was mailed or begun and not used.

    Which of them were ended, used or given up after the moment of the backup, nobody knows any more.
    """
    await restored.end_everything(tx)
