"""Who tries to get in: a stranger to the account, somebody where its owner has been, or who reads its owner's mail.

What each may try is in docs/adr/0015-throttling-that-locks-nobody-out.md.
"""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from faded_skies.domains.identity.queries import attempts as queries
from faded_skies.platform.db import Database
from faded_skies.platform.networks import neighbourhood


class Standing(Enum):
    """What the network of a caller is to the account.

    Familiar: its owner signed in there within 90 days. Proved: they used a mailed link there within the hour.
    """

    STRANGER = "stranger"
    FAMILIAR = "familiar"
    PROVED = "proved"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who wants to get into the account of this name, which may not exist."""

    account: str
    network: str
    standing: Standing

    def subjects(self, digest: str) -> tuple[str, ...]:
        """Return what their attempts count against; `digest` stands for the account's name."""
        match self.standing:
            case Standing.PROVED:
                return (f"{digest}:{self.network}",)
            case Standing.FAMILIAR:
                return (self.network,)
            case Standing.STRANGER:
                return (self.network, f"{digest}:strangers")


async def judge_caller_of_email(db: Database, email: str, *, network: str) -> Caller:
    """Tell what `network` (as `neighbourhood` names it) is to the account of this e-mail address, known or not."""
    return _judge(*await queries.find_seen_of_email(db, email), network=network)


async def judge_caller_of_user(db: Database, user_id: UUID, *, network: str) -> Caller:
    """As `judge_caller_of_email`, for who has given the right password already."""
    return _judge(*await queries.find_seen_of_user(db, user_id), network=network)


def _judge(name: str, signed_in_from: list[str], proved_from: list[str], *, network: str) -> Caller:
    if network in map(neighbourhood, proved_from):
        return Caller(name, network, Standing.PROVED)
    if network in map(neighbourhood, signed_in_from):
        return Caller(name, network, Standing.FAMILIAR)
    return Caller(name, network, Standing.STRANGER)
