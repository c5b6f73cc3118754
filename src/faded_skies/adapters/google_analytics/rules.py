"""What Google Analytics takes. Its collector answers 2xx to anything, so what it would drop in silence is found here.

https://developers.google.com/analytics/devguides/collection/protocol/ga4/sending-events#limitations
"""

from collections.abc import Mapping
from typing import Any

from faded_skies.domains.analytics.ports import Fact
from faded_skies.domains.analytics.service import NAME, Scalar, is_reserved

MOST_EVENTS = 25
MOST_PARAMETERS = 25
MOST_TEXT = 100
MOST_BYTES = 130_000

# https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference#reserved_parameter_names
_RESERVED_PARAMETERS = frozenset({"firebase_conversion"})
_RESERVED_PREFIXES = ("_", "firebase_", "ga_", "google_", "gtag.")


def flaw_of(event: Mapping[str, Any]) -> str | None:
    """Return why Google would drop an event as it is sent, None where it would not."""
    name, parameters = event["name"], event["params"]
    if not NAME.fullmatch(name):
        return "its name is none"
    if is_reserved(name):
        return "its name is reserved"
    if len(parameters) > MOST_PARAMETERS:
        return f"it has more than {MOST_PARAMETERS} parameters"
    for key, value in parameters.items():
        if (
            not NAME.fullmatch(key)
            or key in _RESERVED_PARAMETERS
            or key.lower().startswith(_RESERVED_PREFIXES)
        ):
            return "the name of a parameter is none, or reserved"
        if isinstance(value, str) and len(value) > MOST_TEXT:
            return "a parameter is too long"
    return None


def event_of(fact: Fact) -> dict[str, Any]:
    """Return an event as Google wants it: a purchase has a `transaction_id`, by which it is counted once."""
    parameters: dict[str, Scalar] = {
        key: value[:MOST_TEXT] if isinstance(value, str) else value for key, value in fact.properties.items()
    }
    if fact.name == "purchase":
        parameters |= {"transaction_id": str(fact.id)}
    # Without it nobody is counted as active.
    parameters |= {"engagement_time_msec": 1}
    return {
        "name": fact.name,
        "timestamp_micros": int(fact.occurred_at.timestamp() * 1_000_000),
        "params": parameters,
    }
