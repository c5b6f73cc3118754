"""What accounts need from outside."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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


@dataclass(frozen=True, slots=True)
class PasskeyUser:
    """Whom a passkey is made for, as the authenticator shows and keeps them."""

    handle: bytes
    name: str
    full_name: str


@dataclass(frozen=True, slots=True)
class CreatedCredential:
    """What a browser says that an authenticator has made; nothing of it is checked yet."""

    credential_id: bytes
    client_data: bytes
    attestation: bytes


@dataclass(frozen=True, slots=True)
class PasskeyAssertion:
    """What a browser says that an authenticator has signed; nothing of it is checked yet."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A checked credential. `backup_eligible` never changes: it may leave its device; `backed_up`: it has."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True, slots=True)
class PasskeyUse:
    """What the authenticator signed about itself."""

    sign_count: int
    backup_eligible: bool
    backed_up: bool


class PasskeyRefused(Exception):
    """What the browser brought does not hold; the text says why, for logs."""


class PasskeyCeremonies(Protocol):
    """The two ceremonies of WebAuthn, for our own pages only, and always with user verification.

    Options are for the browser's `parse…OptionsFromJSON`.
    """

    def creation_options(
        self, *, challenge: bytes, user: PasskeyUser, known: Sequence[bytes], timeout: timedelta
    ) -> Mapping[str, object]:
        """Ask for a discoverable credential on an authenticator that has none of `known`."""
        ...

    def request_options(self, *, challenge: bytes, timeout: timedelta) -> Mapping[str, object]:
        """Ask for a signature by any discoverable credential."""
        ...

    def challenge_of(self, client_data: bytes) -> bytes:
        """Return the challenge that the browser claims to answer. Raises PasskeyRefused."""
        ...

    def check_new(self, credential: CreatedCredential, *, challenge: bytes) -> NewPasskey:
        """Check a credential that was made for this challenge. Raises PasskeyRefused."""
        ...

    def check_use(self, assertion: PasskeyAssertion, *, challenge: bytes, public_key: bytes) -> PasskeyUse:
        """Check a signature under this challenge; whose it is and how it counts is for the caller.

        Raises PasskeyRefused.
        """
        ...
