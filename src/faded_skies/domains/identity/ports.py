"""What accounts need from outside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from faded_skies.domains.identity.errors import ProviderUnknown


@dataclass(frozen=True, slots=True)
class Adulthood:
    """From which age people may buy (completed years), counted in days of the shop's time zone.

    The jurisdiction's rule file says both.
    """

    years: int
    zone: ZoneInfo

    def day(self, now: datetime) -> date:
        """Return the calendar day at the shop."""
        return now.astimezone(self.zone).date()


class Match(NamedTuple):
    """The outcome of a password check; `better_hash` is set when the stored one should be replaced."""

    right: bool
    better_hash: str | None = None


class PasswordHasher(Protocol):
    """Hashes passwords off the event loop, a few at a time."""

    async def hash(self, password: str) -> str:
        """Return a salted hash with its parameters in it."""
        ...

    async def verify(self, password: str, password_hash: str | None) -> Match:
        """Check a password. Without a hash (nobody is there) the answer is no, after the same work."""
        ...


@dataclass(frozen=True, slots=True)
class ProvedIdentity:
    """Who somebody is at a provider. `subject` never changes; the name is only what they call themselves."""

    subject: str
    email: str | None
    email_verified: bool
    full_name: str | None


class IdentityProvider(Protocol):
    """A house where people have accounts already, such as Google: it tells us who they are there."""

    @property
    def name(self) -> str:
        """The provider's name in our paths and tables."""
        ...

    async def authorization_url(self, *, state: str, nonce: str, code_challenge: str) -> str:
        """Return where to send the person's browser. Raises ProviderUnavailable."""
        ...

    async def redeem(self, answer: Mapping[str, str], *, code_verifier: str, nonce: str) -> ProvedIdentity:
        """Make an identity of what their browser brought back; only what the provider signed counts.

        Raises SignInCancelled, ProviderRefused or ProviderUnavailable.
        """
        ...


class IdentityProviders:
    """The providers that this shop is registered with."""

    def __init__(self, providers: Iterable[IdentityProvider]) -> None:
        self._by_name = {provider.name: provider for provider in providers}

    def get(self, name: str) -> IdentityProvider:
        """Return the provider. Raises ProviderUnknown, also when the shop has no registration there."""
        provider = self._by_name.get(name)
        if provider is None:
            raise ProviderUnknown
        return provider
