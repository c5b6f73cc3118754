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


class SessionNotFound(Absent):
    sentence = "There is no such session of yours, or it has ended already."


class PersonNotFound(Absent):
    sentence = "We do not know this person."
