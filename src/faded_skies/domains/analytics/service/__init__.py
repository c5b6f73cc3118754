"""What can be done with events and the consent to them; one file each."""

from faded_skies.domains.analytics.models import Consent, Recorded, Told, Visit
from faded_skies.domains.analytics.rules import (
    MOST_BYTES,
    MOST_EVENTS,
    MOST_NUMBER,
    MOST_PROPERTIES,
    MOST_TEXT,
    NAME,
    SERVERS,
    Scalar,
    is_reserved,
    says_a_person,
)
from faded_skies.domains.analytics.service.consenting import WORDING, choose, find_consent
from faded_skies.domains.analytics.service.forwarding import (
    PURPOSE,
    lose_waiting,
    subject_for,
    tell_next,
    tidy,
)
from faded_skies.domains.analytics.service.held import erase, held_on
from faded_skies.domains.analytics.service.recording import prune, record, record_purchase

__all__ = [
    "MOST_BYTES",
    "MOST_EVENTS",
    "MOST_NUMBER",
    "MOST_PROPERTIES",
    "MOST_TEXT",
    "NAME",
    "PURPOSE",
    "SERVERS",
    "WORDING",
    "Consent",
    "Recorded",
    "Scalar",
    "Told",
    "Visit",
    "choose",
    "erase",
    "find_consent",
    "held_on",
    "is_reserved",
    "lose_waiting",
    "prune",
    "record",
    "record_purchase",
    "says_a_person",
    "subject_for",
    "tell_next",
    "tidy",
]
