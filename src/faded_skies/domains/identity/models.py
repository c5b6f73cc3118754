"""Typed rows of accounts."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from faded_skies.domains.identity.rules import id_is_good
from faded_skies.platform.actor import Role


class Purpose(StrEnum):
    """What a mailed link is for."""

    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a purpose
    VERIFY_EMAIL = "verify_email"


class EndReason(StrEnum):
    """Why a session ended."""

    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a reason
    SIGNED_OUT = "signed_out"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a reason
    TOKEN_REUSE = "token_reuse"  # noqa: S105 - the name of a reason
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    BY_STAFF = "by_staff"


class FirstFactor(StrEnum):
    """How somebody began to sign in."""

    PASSWORD = "password"  # noqa: S105 - the name of a way in
    OIDC = "oidc"
    PASSKEY = "passkey"

    @property
    def is_both(self) -> bool:
        """Tell whether it counts as the second factor too.

        A passkey does: we accept it only with user verification (WebAuthn §5.8.6), so it is a thing that one has,
        opened by what one knows or is.
        """
        return self is FirstFactor.PASSKEY


SECOND_FACTOR_ROLES = frozenset({Role.ADMIN, Role.AGENT})
"""Whose accounts reach into those of others: they need a second factor, where the shop does not say otherwise."""


class CodeKind(StrEnum):
    """Which sort of code was the second factor."""

    APP = "app"
    RECOVERY = "recovery_code"


@dataclass(frozen=True, slots=True)
class User:
    """A person as they see themselves. `rewards_balance` in coins; `pending_email` is unconfirmed."""

    id: UUID
    email: str
    email_verified: bool
    pending_email: str | None
    full_name: str
    phone: str | None
    date_of_birth: date | None
    role: Role
    id_verification_status: str
    id_expires_on: date | None
    rewards_balance: int
    account_status: str
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """What sign-in needs to know of a person; no hash when they never had a password."""

    id: UUID
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session as its owner sees it. `last_used_at` is when its tokens were last renewed."""

    id: UUID
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    address: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as admins see it; `status` is waiting, accepted, revoked or expired."""

    id: UUID
    email: str
    role: Role
    full_name: str | None
    created_at: datetime
    expires_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation that can be accepted."""

    id: UUID
    email: str
    full_name: str | None
    role: Role


@dataclass(frozen=True, slots=True)
class InvitationMail:
    """A raw single-use token and whom it invites to what; only its hash is stored. The name may be empty."""

    token: str
    email: str
    full_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Customer:
    """A person as other domains see them."""

    id: UUID
    full_name: str
    email: str
    phone: str | None
    date_of_birth: date | None
    id_verification_status: str
    id_expires_on: date | None
    account_status: str

    def id_verified(self, day: date) -> bool:
        """Tell whether their ID holds on this local day."""
        return id_is_good(day, status=self.id_verification_status, expires_on=self.id_expires_on)


@dataclass(frozen=True, slots=True)
class Grant:
    """A session's newest refresh token. The raw token exists here and at the client only."""

    user_id: UUID
    session_id: UUID
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """A sign-in that waits for its second factor. The raw token exists here and at the client only."""

    user_id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class SecondFactorStatus:
    """What a person may know of their second factor."""

    enrolled_at: datetime
    recovery_codes_left: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: the secret in base32, and the same with its settings as a URL."""

    secret: str
    url: str


@dataclass(frozen=True, slots=True)
class MailedToken:
    """A raw single-use token, whom it is for, where to send it and how long it is good; only its hash is stored."""

    token: str
    email: str
    full_name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UsedToken:
    """A mailed token that has just been used up, and the address it went to."""

    user_id: UUID
    email: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a provider is asked with, for one sign-in of one browser. Nothing of it is stored but digests."""

    state: str
    nonce: str
    code_verifier: str
    code_challenge: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Who somebody has proved to be at a provider; `email` is None unless the provider has confirmed it."""

    provider: str
    subject: str
    email: str | None
    full_name: str | None


@dataclass(frozen=True, slots=True)
class Linkable:
    """An identity that waits to be linked, and since when."""

    provider: str
    subject: str
    email: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A provider's account that is a way to sign in; `email` as the provider said when it was linked."""

    id: UUID
    provider: str
    email: str
    created_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    backed_up: bool


@dataclass(frozen=True, slots=True)
class PasskeyKey:
    """What a signature of a passkey is judged by; `public_key` in COSE's form (RFC 9052 §7)."""

    id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int
    backup_eligible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFilter:
    """Whom staff looks for; `words` is a pattern of LIKE in lower case for name, e-mail and phone."""

    words: str | None = None
    role: Role | None = None
    account_status: str | None = None
    id_verification_status: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as admins see them. `live_sessions` is how many sign-ins are open."""

    id: UUID
    full_name: str
    email: str
    email_verified: bool
    phone: str | None
    date_of_birth: date | None
    role: Role
    account_status: str
    id_verification_status: str
    id_expires_on: date | None
    employee_no: str | None
    live_sessions: int
    last_login_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Employee:
    """One of the staff; `employee_no` is how legal papers name them."""

    id: UUID
    full_name: str
    role: Role
    employee_no: str | None
