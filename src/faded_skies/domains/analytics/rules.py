"""What an event may be, whose it is, and what is taken out of it; pure.

Names and limits are those of GA4's Measurement Protocol, the narrowest of those that may hear of events:
https://developers.google.com/analytics/devguides/collection/protocol/ga4/sending-events#limitations
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

Scalar: TypeAlias = str | int | float | bool

NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,39}")
MOST_EVENTS = 50
MOST_PROPERTIES = 20
MOST_TEXT = 500
MOST_BYTES = 2048
"""Of the properties of one event together, as JSON."""

MOST_NUMBER = 10**15
OLDEST = timedelta(days=3)
"""Older events are not stored: their time is the client's word, and nobody counts them any more."""

PURCHASE = "purchase"
SERVERS = frozenset({PURCHASE, "refund", "in_app_purchase"})
"""Events that only the server states."""

# https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference#reserved_names
_RESERVED_PREFIXES = ("firebase_", "ga_", "google_")
_RESERVED = frozenset(
    {
        *("ad_activeview", "ad_click", "ad_exposure", "ad_query", "ad_reward", "adunit_exposure"),
        *(
            "app_background",
            "app_clear_data",
            "app_exception",
            "app_install",
            "app_remove",
            "app_store_refund",
        ),
        *("app_store_subscription_cancel", "app_store_subscription_convert", "app_store_subscription_renew"),
        *("app_update", "app_upgrade", "dynamic_link_app_open", "dynamic_link_app_update"),
        *("dynamic_link_first_open", "error", "firebase_campaign", "first_open", "first_visit"),
        *("in_app_purchase", "notification_dismiss", "notification_foreground", "notification_open"),
        *("notification_receive", "notification_send", "os_update", "session_start", "user_engagement"),
    }
)

_PERSONAL = re.compile(
    r"(^|_)(e?mail|phone|tel|mobile|password|token|secret|ssn|dob|birth|birthday|birthdate|license|licence|passport|"
    r"address|street|ip|latitude|longitude|lat|lng|card|cvc|iban)(_|$)|(^|_)(full|first|last)_?name(_|$)|"
    r"(^|_)(user|person|account|customer)_?id(_|$)|document"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Texts are hostile: each of these either takes a whole run at once or ends within a fixed number of steps, whatever
# follows, so the time to clean a text grows with its length and no faster.
_WORD = re.compile(r"[^\s/]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Ten digits and more, however they are grouped: phones, cards, documents.
_NUMBER = re.compile(r"(?<![\w-])[+(]?\d(?:[ .()-]{0,2}\d){8,18}(?![\w-])")
_SECRET = re.compile(r"[\w-]{41,}")
_TAKEN_OUT = "(taken out)"


def is_reserved(name: str) -> bool:
    """Return whether vendors keep the name of an event for themselves."""
    return name in _RESERVED or name.lower().startswith(_RESERVED_PREFIXES)


def says_a_person(name: str) -> bool:
    """Return whether a property of this name would hold personal data."""
    return _PERSONAL.search(_HUMP.sub("_", name).lower()) is not None


def cleaned(properties: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the properties without what could tell a person in their texts."""
    return {
        name: _cleaned_text(value) if isinstance(value, str) else value for name, value in properties.items()
    }


def _cleaned_text(text: str) -> str:
    if text.startswith("/") or "://" in text:
        text = _UUID.sub(":id", re.split(r"[?#]", text, maxsplit=1)[0])
        text = _SECRET.sub(_TAKEN_OUT, text)
    return _NUMBER.sub(_TAKEN_OUT, _WORD.sub(_without_mail, text))


def _without_mail(word: re.Match[str]) -> str:
    """Return the word, or what stands for it when an @ and a name with a dot are in it."""
    _, *hosts = word[0].replace("%40", "@").split("@")
    return _TAKEN_OUT if any("." in host[1:-1] for host in hosts) else word[0]


def moment_of(occurred_at: datetime | None, *, now: datetime) -> datetime | None:
    """Return when an event happened by the client's word, never later than now; None: too long ago to be counted."""
    if occurred_at is None or occurred_at > now:
        return now
    return occurred_at if occurred_at >= now - OLDEST else None


def event_id(kind: str, subject: UUID | None, key: UUID) -> UUID:
    """Return the id of a stored event: the same for the same event of the same subject, and of no other (UUIDv8).

    Nobody, who is neither signed in nor says which visitor it is, is one subject.
    """
    whose = b"" if subject is None else subject.bytes
    digest = hashlib.sha256(kind.encode() + whose + key.bytes).digest()
    value = int.from_bytes(digest[:16])
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62)


_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait for a vendor that has not taken something so many times."""
    return _WAITS[min(max(attempts - 1, 0), len(_WAITS) - 1)]
