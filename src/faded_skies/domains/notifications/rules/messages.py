"""The forms that a message has on its way out.

A letter holds what is said; the mail that carries it, plain and HTML, is laid out when it is sent. Letters wait in the
database, so a field that is added here has a default: older ones still wait without it.
"""

from dataclasses import dataclass, field, fields
from typing import Any

SHOP = "Faded Skies"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before its layout. `path` is where the button leads, below the customer app's origin.

    `table` and `totals` are rows of a text and an amount, `picture` an address of https, `small_print` stands at the
    foot.
    """

    to: str
    subject: str
    full_name: str
    paragraphs: list[str]
    button: str
    path: str
    table: list[list[str]] = field(default_factory=list)
    totals: list[list[str]] = field(default_factory=list)
    picture: str | None = None
    small_print: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Email:
    """A mail as it is sent. `unsubscribe` is where one click ends mails of this kind (RFC 8058)."""

    to: str
    subject: str
    text: str
    html: str
    unsubscribe: str | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """A push message. `data` has the guide's `type`, and mostly `orderId` and `url`."""

    title: str
    body: str
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A message in the app's own list; like a push, and without a link that opens anything."""

    title: str
    body: str
    data: dict[str, str] = field(default_factory=dict)


def kept(message: Letter | Push) -> dict[str, Any]:
    """Return a message as it is kept: without what is empty, so that a process of the release before can read it."""
    held = {one.name: getattr(message, one.name) for one in fields(message)}
    optional = ("table", "totals", "picture", "small_print")
    return {name: value for name, value in held.items() if value or name not in optional}


def notice_of(letter: Letter | None, push: Push | None) -> Notice | None:
    """Return what the app's list says of a fact: as the push does, else how the letter begins."""
    if push is not None:
        return Notice(push.title, push.body, push.data)
    if letter is not None:
        return Notice(letter.subject, letter.paragraphs[0] if letter.paragraphs else "")
    return None
