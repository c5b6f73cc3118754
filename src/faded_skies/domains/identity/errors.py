"""What can go wrong with accounts and sign-in."""

from faded_skies.platform.errors import Absent, Conflict, Forbidden, Invalid, Malformed, Unauthenticated


class EmailTaken(Conflict):
    code = "EMAIL_TAKEN"
    sentence = "There is an account with this e-mail address already. Sign in, or reset its password."


class Underage(Invalid):
    code = "UNDERAGE"


class InvalidCredentials(Unauthenticated):
    """A wrong password and an unknown e-mail address alike."""

    code = "INVALID_CREDENTIALS"
    sentence = "That e-mail address and password do not belong together. Check both, or reset your password."


class AccountSuspended(Forbidden):
    code = "ACCOUNT_SUSPENDED"
    sentence = "This account is not active at the moment. Write to our support to have it looked at."


class InvalidRefreshToken(Unauthenticated):
    code = "INVALID_REFRESH_TOKEN"
    sentence = "Sign in again: this refresh token has been used, has expired, or its session has ended."


class InvalidResetToken(Malformed):
    code = "INVALID_RESET_TOKEN"
    sentence = "This reset link has been used or has expired. Ask for a new one; it is good for one hour."


class InvalidVerificationToken(Malformed):
    code = "INVALID_VERIFICATION_TOKEN"
    sentence = "This confirmation link has been used or has expired. Sign in and ask for a new one."


class EmailConfirmed(Conflict):
    code = "INVALID_STATE"
    sentence = "Your e-mail address is confirmed already; there is nothing left to do."


class NoPassword(Conflict):
    code = "INVALID_STATE"
    sentence = "Your account has no password yet. Ask for a reset link to choose one."


class StaffEmailTaken(Conflict):
    """A customer does not become staff by a link, so what they bought and what they may do stay apart."""

    code = EmailTaken.code
    sentence = (
        "This address has an account already. Invite another one of theirs, or let them close that account."
    )


class InvalidInvitation(Malformed):
    code = "INVALID_INVITATION"
    sentence = (
        "This invitation was used, taken back or is older than seven days. Ask your admin for a new one."
    )


class InvitationNotFound(Absent):
    sentence = "No invitation of this id is waiting to be accepted."


class LastAdmin(Conflict):
    code = "INVALID_STATE"
    sentence = (
        "You are the last admin of this shop. Invite another one first; then you can close your account."
    )


class NotOneself(Conflict):
    code = "INVALID_STATE"
    sentence = "You cannot change your own role or suspend yourself. Ask another admin."


class LastActiveAdmin(Conflict):
    code = "INVALID_STATE"
    sentence = "This is the last active admin of this shop. Make another one first."


class AccountIsClosed(Conflict):
    code = "INVALID_STATE"
    sentence = "This account is closed for good. Its person can make a new one."


class SessionNotFound(Absent):
    sentence = "There is no such session of yours, or it has ended already."


class PersonNotFound(Absent):
    sentence = "We do not know this person."


class ProviderUnknown(Absent):
    sentence = "We do not offer sign-in with this provider."


class SignInFailed(Unauthenticated):
    """Signing in at a provider led to nothing; the code goes to the customer app, in the address."""


class SignInExpired(SignInFailed):
    """The state is unknown, used, older than ten minutes, or of another browser."""

    code = "SIGN_IN_EXPIRED"
    sentence = "This sign-in was begun elsewhere, or too long ago. Begin it again."


class SignInCancelled(SignInFailed):
    code = "SIGN_IN_CANCELLED"
    sentence = "The sign-in was cancelled. Begin it again, or sign in with your password."


class ProviderRefused(SignInFailed):
    """The provider took the code for no good, or its answer does not hold."""

    code = "PROVIDER_REFUSED"
    sentence = "The provider did not confirm who you are. Begin the sign-in again."


class ProviderUnavailable(SignInFailed):
    code = "PROVIDER_UNAVAILABLE"
    sentence = "The provider does not answer at the moment. Try again later, or sign in with your password."


class InvalidSignInCode(Malformed):
    code = "INVALID_SIGN_IN_CODE"
    sentence = (
        "Begin the sign-in again: its code has been used, is older than a minute, or is another browser's."
    )


class ProviderEmailUnconfirmed(Forbidden):
    code = "PROVIDER_EMAIL_UNCONFIRMED"
    sentence = (
        "The provider has not confirmed your e-mail address. Confirm it there, or register with a password."
    )


class LinkRequired(Conflict):
    """Somebody has an account with the provider's e-mail address; only they may link the two."""

    code = "LINK_REQUIRED"
    sentence = (
        "There is an account with this e-mail address. Sign in to it with its password within ten minutes, "
        "then link the two; if it has no password, reset it first."
    )


class InvalidLinkToken(Malformed):
    code = "INVALID_LINK_TOKEN"
    sentence = (
        "This link token has been used, has expired, or is for another account. Begin the sign-in again."
    )


class PasswordSignInRequired(Forbidden):
    code = "PASSWORD_SIGN_IN_REQUIRED"
    sentence = "Sign in with your password first, after the provider: that shows that the account is yours."


class EmailUnconfirmed(Forbidden):
    code = "EMAIL_UNCONFIRMED"
    sentence = "Confirm your e-mail address first: we can mail you the link again."


class IdentityTaken(Conflict):
    code = "IDENTITY_TAKEN"
    sentence = "This provider's account is linked already."


class IdentityNotFound(Absent):
    sentence = "You have not linked such an account."


class LastWayIn(Conflict):
    code = "LAST_WAY_IN"
    sentence = (
        "You could not sign in any more. Set a password by a reset link first, or link another account."
    )


class BirthDateGiven(Conflict):
    code = "INVALID_STATE"
    sentence = "We have your date of birth. Write to our support if it is wrong."


class InvalidMfaToken(Unauthenticated):
    code = "INVALID_MFA_TOKEN"
    sentence = (
        "Sign in again: this sign-in has been used, is older than five minutes, or had five wrong codes."
    )


class InvalidMfaCode(Unauthenticated):
    code = "INVALID_MFA_CODE"
    sentence = "This code is wrong or was used before. Wait for the next one, or use a recovery code."


class WrongCode(Invalid):
    """As InvalidMfaCode, of somebody who is signed in: 401 would tell their app that they are not."""

    code = InvalidMfaCode.code
    sentence = "This code is wrong or was used before. Wait for the next one and try again."


class NoEnrolment(Conflict):
    code = "INVALID_STATE"
    sentence = "Nothing waits for this code. Begin with POST /api/users/mfa; its secret waits 15 minutes."


class NoSecondFactor(Conflict):
    code = "INVALID_STATE"
    sentence = "There is no second factor to change. Turn one on first."


class SecondFactorNeeded(Conflict):
    code = "INVALID_STATE"
    sentence = "Your role needs a second factor. You can replace it with POST /api/users/mfa."


class FreshSignInRequired(Forbidden):
    code = "FRESH_SIGN_IN_REQUIRED"
    sentence = "Sign in again, then do this within five minutes: that shows that it is you."


class InvalidPasskey(Unauthenticated):
    """An unknown passkey, a wrong signature and an old challenge alike."""

    code = "INVALID_PASSKEY"
    sentence = "This passkey did not let you in. Begin again, or sign in another way."


class WrongPasskey(Invalid):
    """As InvalidPasskey, of somebody who is signed in and adds one."""

    code = InvalidPasskey.code
    sentence = (
        "This passkey cannot be kept: it was made for something else, too long ago, or without checking that "
        "it is you. Begin again."
    )


class TooManyPasskeys(Invalid):
    code = "TOO_MANY_PASSKEYS"
    sentence = "You have ten passkeys, which is the most. Remove one you no longer use."


class PasskeyNotFound(Absent):
    sentence = "You have no such passkey."
