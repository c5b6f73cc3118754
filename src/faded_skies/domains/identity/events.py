"""Facts about people. None carries a token or an address: subscribers fetch what they need."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class PersonRegistered(Event):
    name: ClassVar[str] = "identity.person_registered"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasswordResetRequested(Event):
    """Somebody asked for a reset link; also stated when nobody has the address, so that both cost alike."""

    name: ClassVar[str] = "identity.password_reset_requested"

    request_id: UUID
    user_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """Somebody has chosen a new password, while signed in or by a mailed link."""

    name: ClassVar[str] = "identity.password_changed"

    change_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class InvitationMade(Event):
    """An admin wants somebody on the staff."""

    name: ClassVar[str] = "identity.invitation_made"

    invitation_id: UUID


@dataclass(frozen=True, kw_only=True)
class AccountClosed(Event):
    """A person has left; what the database held is erased already."""

    name: ClassVar[str] = "identity.account_closed"

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class EmailConfirmationRequested(Event):
    """A first or a changed e-mail address wants to be confirmed."""

    name: ClassVar[str] = "identity.email_confirmation_requested"

    request_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class IdentityLinked(Event):
    """A provider's account has become a way to sign in to an account that was there before."""

    name: ClassVar[str] = "identity.identity_linked"
    open_texts: ClassVar[frozenset[str]] = frozenset({"provider"})

    identity_id: UUID
    user_id: UUID
    provider: str


@dataclass(frozen=True, kw_only=True)
class IdentityUnlinked(Event):
    """A provider's account is no way to sign in any more."""

    name: ClassVar[str] = "identity.identity_unlinked"
    open_texts: ClassVar[frozenset[str]] = frozenset({"provider"})

    identity_id: UUID
    user_id: UUID
    provider: str


class SecondFactorChange(StrEnum):
    """What happened to a second factor."""

    TURNED_ON = "turned_on"
    REPLACED = "replaced"
    TURNED_OFF = "turned_off"
    CODES_RENEWED = "codes_renewed"
    RECOVERY_CODE_USED = "recovery_code_used"
    REMOVED_BY_STAFF = "removed_by_staff"


@dataclass(frozen=True, kw_only=True)
class SecondFactorChanged(Event):
    """Somebody's second factor is not what it was."""

    name: ClassVar[str] = "identity.second_factor_changed"

    change_id: UUID
    user_id: UUID
    change: SecondFactorChange


class PasskeyChange(StrEnum):
    """What happened to a passkey."""

    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class PasskeyChanged(Event):
    """Somebody has one passkey more, or less."""

    name: ClassVar[str] = "identity.passkey_changed"

    change_id: UUID
    user_id: UUID
    change: PasskeyChange
