"""What people may choose to hear of, and by which channel."""

from enum import StrEnum


class Topic(StrEnum):
    """What a message is about, as people choose it."""

    ACCOUNT = "account"
    PURCHASES = "purchases"
    ORDERS = "orders"
    ARRIVAL = "arrival"
    IDENTITY = "identity"
    SUPPORT = "support"
    PROMOTIONS = "promotions"


class Channel(StrEnum):
    """By which way a message comes. The app's own list is none of them: it is always complete."""

    EMAIL = "email"
    PUSH = "push"


PROMOTIONS = "promotion"
"""The kind of the messages that need consent."""

LOCKED = frozenset({(Topic.ACCOUNT, Channel.EMAIL), (Topic.PURCHASES, Channel.EMAIL)})
"""What cannot be switched off: who has changed the account, and what was paid and given back."""

_TOPIC_OF = {
    "order_confirmed": Topic.PURCHASES,
    "refund": Topic.PURCHASES,
    "order_status": Topic.ORDERS,
    "order_amendment": Topic.ORDERS,
    "offer": Topic.ORDERS,
    "eta": Topic.ARRIVAL,
    "arrived": Topic.ARRIVAL,
    "id_verification": Topic.IDENTITY,
    "chat_transcript": Topic.SUPPORT,
    PROMOTIONS: Topic.PROMOTIONS,
}


def topic_of(kind: str) -> Topic:
    """Return what a message of this kind is about; what nobody named is about the account."""
    return _TOPIC_OF.get(kind, Topic.ACCOUNT)
