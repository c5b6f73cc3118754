"""What we write about accounts: getting in, and who can."""

from faded_skies.domains.notifications.rules.messages import SHOP, Letter

_NOT_YOU = "If it was not you, choose a new password now: that ends every session, and write to our support."


def _warning(*, to: str, full_name: str, subject: str, told: str, advice: str = _NOT_YOU) -> Letter:
    """Write what was done to an account, and what to do if its owner did not do it."""
    return Letter(
        to=to,
        subject=subject,
        full_name=full_name,
        paragraphs=[told, advice],
        button="Choose a new password",
        path="/forgot-password",
    )


def welcome(*, to: str, full_name: str, token: str) -> Letter:
    return Letter(
        to=to,
        subject=f"Welcome to {SHOP}",
        full_name=full_name,
        paragraphs=[
            "Your account is open. Please confirm that this address is yours; the link is good for 24 hours.",
            "Before your first order we also need a look at your ID. You can show it in your profile.",
        ],
        button="Confirm my address",
        path=f"/verify-email?token={token}",
    )


def welcome_confirmed(*, to: str, full_name: str) -> Letter:
    """Greet somebody whose address a provider has confirmed already."""
    return Letter(
        to=to,
        subject=f"Welcome to {SHOP}",
        full_name=full_name,
        paragraphs=[
            "Your account is open. Tell us your date of birth to go on: we serve adults only.",
            "Before your first order we also need a look at your ID. You can show it in your profile.",
        ],
        button="See my profile",
        path="/profile",
    )


def identity_linked(*, to: str, full_name: str, provider: str) -> Letter:
    house = provider.capitalize()
    return Letter(
        to=to,
        subject=f"You can now sign in with {house}",
        full_name=full_name,
        paragraphs=[
            f"An account at {house} was linked to yours: whoever can use it can sign in here.",
            "If it was not you, choose a new password now, unlink it in your profile, and write to our support.",
        ],
        button="See my profile",
        path="/profile",
    )


def identity_unlinked(*, to: str, full_name: str, provider: str) -> Letter:
    house = provider.capitalize()
    return _warning(
        to=to,
        full_name=full_name,
        subject=f"You no longer sign in with {house}",
        told=f"An account at {house} was unlinked from yours: it opens your account no more.",
    )


def confirm_email(*, to: str, full_name: str, token: str) -> Letter:
    return Letter(
        to=to,
        subject="Confirm your e-mail address",
        full_name=full_name,
        paragraphs=[
            "Please confirm that this address is yours; the link is good for 24 hours.",
            "If you did not ask for this, do nothing: the address is not used without your confirmation.",
        ],
        button="Confirm my address",
        path=f"/verify-email?token={token}",
    )


def email_changing(*, to: str, full_name: str) -> Letter:
    """Write to the address in use that another is about to replace it."""
    return _warning(
        to=to,
        full_name=full_name,
        subject="Your e-mail address is about to change",
        told="Somebody signed in to your account asked for another e-mail address. It counts once it is confirmed.",
    )


def reset_password(*, to: str, full_name: str, token: str) -> Letter:
    return Letter(
        to=to,
        subject="Choose a new password",
        full_name=full_name,
        paragraphs=[
            "Somebody asked for a new password for your account. If it was you, choose one within the hour.",
            "If it was not you, do nothing: your password stays as it is, and nobody gets in by asking.",
        ],
        button="Choose a new password",
        path=f"/reset-password?token={token}",
    )


def password_changed(*, to: str, full_name: str) -> Letter:
    return _warning(
        to=to,
        full_name=full_name,
        subject="Your password was changed",
        told="A new password was chosen for your account. Every other device is signed out.",
    )


_CHANGES_OF_SECOND_FACTOR = {
    "turned_on": (
        "Your second factor is on",
        "A sign-in to your account now needs a code of your app too. Keep the recovery codes apart from the phone.",
    ),
    "replaced": (
        "Your second factor was replaced",
        "Sign-ins to your account now need codes of another app, and your old recovery codes are void.",
    ),
    "turned_off": (
        "Your second factor is off",
        "A sign-in to your account needs no code any more.",
    ),
    "codes_renewed": (
        "You have new recovery codes",
        "New recovery codes were made for your account; the old ones are void.",
    ),
    "recovery_code_used": (
        "A recovery code was used",
        "One of your recovery codes was used in place of a code of your authenticator app. It works once only.",
    ),
    "removed_by_staff": (
        "Your second factor was taken off",
        "Our staff took it off your account, which is signed out everywhere. Turn on a new one when you sign in.",
    ),
}


def second_factor_changed(*, to: str, full_name: str, change: str) -> Letter:
    headline, told = _CHANGES_OF_SECOND_FACTOR[change]
    return _warning(to=to, full_name=full_name, subject=headline, told=told)


def account_closed(*, to: str, full_name: str) -> Letter:
    return Letter(
        to=to,
        subject="Your account is closed",
        full_name=full_name,
        paragraphs=[
            "Your account is closed and erased. What the law makes us keep of your orders stays, for no other use.",
            "If it was not you, write to our support. You are welcome to open a new account at any time.",
        ],
        button="Visit the shop",
        path="/",
    )


_CHANGES_OF_PASSKEYS = {
    "added": (
        "A passkey was added",
        "Whoever holds it and can unlock it can sign in to your account with nothing else.",
    ),
    "removed": ("A passkey was removed", "Nobody can sign in to your account with it any more."),
}


def passkey_changed(*, to: str, full_name: str, change: str) -> Letter:
    headline, told = _CHANGES_OF_PASSKEYS[change]
    return _warning(
        to=to,
        full_name=full_name,
        subject=headline,
        told=told,
        advice="If it was not you, choose a new password now, then sign in and remove passkeys that are not yours.",
    )
