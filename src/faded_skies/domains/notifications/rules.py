"""What we write to people, and how it looks. Pure: everything goes in as a value.

A letter holds what is said; the mail that carries it, plain and HTML, is laid out when it is sent.
"""

from dataclasses import dataclass, field
from html import escape
from uuid import UUID

SHOP = "Faded Skies"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before its layout. `path` is where the button leads, below the customer app's origin."""

    to: str
    subject: str
    full_name: str
    paragraphs: list[str]
    button: str
    path: str


@dataclass(frozen=True, slots=True)
class Email:
    """A mail as it is sent."""

    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Push:
    """A push message. `data` has the guide's `type`, and mostly `orderId` and `url`."""

    title: str
    body: str
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Step:
    """How one order status is told: the headline, and what the mail says after the status's own line."""

    headline: str
    advice: str
    type: str = "order_update"


_STEPS = {
    "confirmed": _Step("Order confirmed", "We start packing soon and write again when it leaves the shop."),
    "preparing": _Step("We are packing your order", "It goes to a driver as soon as it is sealed."),
    "out_for_delivery": _Step(
        "Your order is on its way",
        "You can follow the driver on the map. Have a valid ID at hand: it is checked at the door.",
    ),
    "delivered": _Step(
        "Your order has arrived",
        "Thank you for shopping with us. Keep it out of the reach of children and pets.",
        "order_delivered",
    ),
    "returned": _Step(
        "We could not hand over your order",
        "Once it is back we settle the payment by the rules of the shop. Our support helps with questions.",
    ),
    "cancelled": _Step(
        "Your order is cancelled",
        "Coins you used are back in your account, and money you paid is on its way back.",
    ),
    "payment_failed": _Step(
        "Your payment did not go through",
        "Your things are held for 15 minutes. Try again, or choose another way to pay.",
    ),
}


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
    return Letter(
        to=to,
        subject=f"You no longer sign in with {house}",
        full_name=full_name,
        paragraphs=[
            f"An account at {house} was unlinked from yours: it opens your account no more.",
            "If it was not you, choose a new password now: that ends every session, and write to our support.",
        ],
        button="Choose a new password",
        path="/forgot-password",
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
    return Letter(
        to=to,
        subject="Your e-mail address is about to change",
        full_name=full_name,
        paragraphs=[
            "Somebody signed in to your account asked for another e-mail address. It counts once it is confirmed.",
            "If it was not you, choose a new password now: that ends every session, and write to our support.",
        ],
        button="Choose a new password",
        path="/forgot-password",
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
    return Letter(
        to=to,
        subject="Your password was changed",
        full_name=full_name,
        paragraphs=[
            "A new password was chosen for your account. Every other device is signed out.",
            "If it was not you, choose a new password now: that ends every session, and write to our support.",
        ],
        button="Choose a new password",
        path="/forgot-password",
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
    return Letter(
        to=to,
        subject=headline,
        full_name=full_name,
        paragraphs=[
            told,
            "If it was not you, choose a new password now: that ends every session, and write to our support.",
        ],
        button="Choose a new password",
        path="/forgot-password",
    )


_POSTS = {"driver": "as a driver", "agent": "in support", "admin": "as an admin"}


def invitation(*, to: str, full_name: str, role: str, token: str) -> Letter:
    return Letter(
        to=to,
        subject=f"You are invited to the staff of {SHOP}",
        full_name=full_name,
        paragraphs=[
            f"We would like you to work with us {_POSTS[role]}. The link is for you alone and good for seven days.",
            "If you do not know what this is about, do nothing: no account is made without you.",
        ],
        button="Accept the invitation",
        path=f"/accept-invitation?token={token}",
    )


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
    return Letter(
        to=to,
        subject=headline,
        full_name=full_name,
        paragraphs=[
            told,
            "If it was not you, choose a new password now, then sign in and remove passkeys that are not yours.",
        ],
        button="Choose a new password",
        path="/forgot-password",
    )


def order_status(
    *, to: str, full_name: str, order_id: UUID, order_number: str, status: str, message: str
) -> tuple[Letter, Push] | None:
    """Write how an order stands; None for a status not worth a message. `message` is tracking's line."""
    step = _STEPS.get(status)
    if step is None:
        return None
    path = f"/orders/{order_id}"
    letter = Letter(
        to=to,
        subject=f"{step.headline}: {order_number}",
        full_name=full_name,
        paragraphs=[message, step.advice],
        button="See my order",
        path=path,
    )
    push = Push(
        title=step.headline,
        body=f"{order_number}: {message}",
        data={"type": step.type, "orderId": str(order_id), "url": path},
    )
    return letter, push


_AMENDMENTS = {
    "open": (
        "May we change your order?",
        "Please answer within 30 minutes. Without your consent your order stays as it is.",
    ),
    "applied": ("Your order was changed", "Money and coins that are left over go back the way they came."),
    "withdrawn": ("A proposed change was taken back", "Your order stays as it is; you need not answer."),
    "expired": ("A proposed change was not answered in time", "Your order stays as it is."),
    "failed": (
        "A change of your order was not paid",
        "Your order stays as it is, and nothing more was charged.",
    ),
}


def amendment(
    *,
    to: str,
    full_name: str,
    order_id: UUID,
    order_number: str,
    status: str,
    reason: str | None,
    total_before: float,
    total_after: float,
) -> tuple[Letter, Push] | None:
    """Write of a change of an order; None for a step not worth a message. Totals in dollars."""
    if status not in _AMENDMENTS:
        return None
    headline, advice = _AMENDMENTS[status]
    change = f"The total was ${total_before:,.2f} and is ${total_after:,.2f} with the change."
    path = f"/orders/{order_id}"
    letter = Letter(
        to=to,
        subject=f"{headline}: {order_number}",
        full_name=full_name,
        paragraphs=[*([reason] if reason else []), change, advice],
        button="See my order",
        path=path,
    )
    push = Push(
        title=headline,
        body=f"{order_number}: {reason or change}",
        data={"type": "order_amendment", "orderId": str(order_id), "url": path},
    )
    return letter, push


def id_decided(*, to: str, full_name: str, approved: bool, reason: str | None) -> tuple[Letter, Push]:
    """Write how a person's ID papers were decided; `reason` is for a rejection."""
    if approved:
        headline, told = "Your ID is verified", "You can order now. Have the same ID at hand at the door."
        said, button, path = ["Thank you: your ID is verified.", told], "Start shopping", "/"
    else:
        headline, told = "Your ID could not be verified", reason or "Please hand in new photos."
        said = [told, "You can hand in your papers again in your profile."]
        button, path = "Open my profile", "/profile/id-verification"
    letter = Letter(to=to, subject=headline, full_name=full_name, paragraphs=said, button=button, path=path)
    return letter, Push(title=headline, body=told, data={"type": "id_verification", "url": path})


def lay_out(letter: Letter, *, origin: str) -> Email:
    """Return the mail for a letter. `origin` is the customer app's, such as https://shop.example."""
    greeting, link = _greeting(letter.full_name), f"{origin}{letter.path}"
    text = "\n\n".join(
        [greeting, *letter.paragraphs, f"{letter.button}:\n{link}", f"{SHOP}\nFor adults of 21 and over."]
    )
    paragraphs = "".join(f'<p style="margin:0 0 16px">{escape(line)}</p>' for line in letter.paragraphs)
    html = _PAGE.format(
        subject=escape(letter.subject),
        shop=escape(SHOP),
        greeting=escape(greeting),
        paragraphs=paragraphs,
        link=escape(link),
        button=escape(letter.button),
    )
    return Email(to=letter.to, subject=letter.subject, text=f"{text}\n", html=html)


def _greeting(full_name: str) -> str:
    # Anybody can register a stranger's address under a "name" that advertises: only plain names are said.
    first = full_name.split(maxsplit=1)[0] if full_name.split() else ""
    plain = first.replace("-", "").replace("'", "").replace("’", "")  # noqa: RUF001 - names are written with it
    return f"Hello {first}," if plain.isalpha() else "Hello,"


_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{subject}</title></head>
<body style="margin:0;padding:24px;background:#eef1f4;color:#1f2933;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:560px;margin:0 auto;background:#fff;border-radius:12px;overflow:hidden">
<div style="padding:20px 32px;background:#24384f;color:#fff;font-size:20px;font-weight:600">{shop}</div>
<div style="padding:32px">
<h1 style="margin:0 0 16px;font-size:22px">{subject}</h1>
<p style="margin:0 0 16px">{greeting}</p>
{paragraphs}
<p style="margin:24px 0"><a href="{link}" style="display:inline-block;padding:12px 20px;border-radius:8px;\
background:#2f6f5e;color:#fff;text-decoration:none;font-weight:600">{button}</a></p>
<p style="margin:0;color:#5b6b7a;font-size:14px">If the button does not work, open this address:<br>{link}</p>
</div>
<div style="padding:16px 32px;background:#f7f9fa;color:#5b6b7a;font-size:13px">{shop}. For adults of 21 and \
over.</div>
</div>
</body>
</html>
"""
