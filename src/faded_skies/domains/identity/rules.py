"""Who may be a customer, and what the fields of an account look like. Pure: the time is a value.

A `…_problem` returns one sentence that says how to mend the field, or None when it is fine.
"""

import re
import unicodedata
from datetime import date

MOST_EMAIL = 255
MOST_PASSWORD = 128
SPECIALS = "!@#$%^&*"

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# RFC 5321 §4.1.2, less quoted names and address literals, which nobody shops with.
_EMAIL = re.compile(
    rf"(?P<name>{_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{1,59}})"
)
_MOST_EMAIL_NAME = 64
_PHONE = re.compile(r"\([0-9]{3}\) [0-9]{3}-[0-9]{4}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OLDEST = date(1900, 1, 2)


def id_is_good(day: date, *, status: str, expires_on: date | None) -> bool:
    """Tell whether an identity check holds on this day: approved, and the document's last day not passed."""
    return status == "approved" and (expires_on is None or day <= expires_on)


def name_problem(text: str) -> str | None:
    if not 2 <= len(text) <= 100:  # noqa: PLR2004 - the rule itself
        return "Write your full name in 2 to 100 characters."
    if any(unicodedata.category(char) == "Cc" for char in text):
        return "Write your name on one line, without control characters."
    return None


def email_problem(text: str) -> str | None:
    if len(text) > MOST_EMAIL:
        return f"Use an e-mail address of at most {MOST_EMAIL} characters."
    found = _EMAIL.fullmatch(text)
    if found is None or len(found["name"]) > _MOST_EMAIL_NAME:
        return "Write an e-mail address such as maya@example.com."
    return None


def phone_problem(text: str) -> str | None:
    return None if _PHONE.fullmatch(text) else "Write the phone number as (512) 555-0134."


def password_problem(text: str) -> str | None:
    if len(text) < 8:  # noqa: PLR2004 - the rule itself
        return "Use at least 8 characters for the password."
    if len(text) > MOST_PASSWORD:
        return f"Use at most {MOST_PASSWORD} characters for the password."
    for pattern, sentence in (
        (r"[a-z]", "Put a lower-case letter into the password."),
        (r"[A-Z]", "Put an upper-case letter into the password."),
        (r"[0-9]", "Put a digit into the password."),
        (rf"[{re.escape(SPECIALS)}]", f"Put one of {SPECIALS} into the password."),
    ):
        if not re.search(pattern, text):
            return sentence
    return None


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("okhttp", "App"),
    ("CFNetwork", "App"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Darwin", "Apple device"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """Return the device in words, such as "Firefox on Windows", from a User-Agent field (RFC 9110 §10.1.5).

    What browsers send is a claim, and many name each other; the first match of the lists counts.
    """
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    if browser and system:
        return f"{browser} on {system}"
    # A program names itself first: "curl/8.5.0", "python-httpx/0.27".
    product = re.match(r"[A-Za-z][A-Za-z0-9 ._-]{0,39}", user_agent)
    return browser or system or (product[0].strip() if product else "Unknown device")


def birth_date_of(text: str) -> date:
    """Read a date of birth. Raises ValueError with the sentence when it is not a real day, YYYY-MM-DD."""
    if not _DAY.fullmatch(text):
        raise ValueError("Write the date of birth as YYYY-MM-DD.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("There is no such day in the calendar.") from None


def birth_date_problem(born: date, *, today: date) -> str | None:
    if born > today:
        return "A date of birth cannot lie in the future."
    if born < _OLDEST:
        return "Check the year of the date of birth."
    return None
