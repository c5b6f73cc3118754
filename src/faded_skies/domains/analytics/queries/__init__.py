"""SQL of analytics, one file for each matter."""

from faded_skies.domains.analytics.queries import consents, events, forwards, held

__all__ = ["consents", "events", "forwards", "held"]
