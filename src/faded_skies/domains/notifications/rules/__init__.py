"""What we write to people, how it looks, and when it may be sent. Pure: everything goes in as a value."""

from faded_skies.domains.notifications.rules.accounts import (
    account_closed,
    confirm_email,
    email_changing,
    identity_linked,
    identity_unlinked,
    passkey_changed,
    password_changed,
    reset_password,
    second_factor_changed,
    welcome,
    welcome_confirmed,
)
from faded_skies.domains.notifications.rules.driving import offered, withdrawn
from faded_skies.domains.notifications.rules.layout import lay_out
from faded_skies.domains.notifications.rules.messages import (
    Email,
    Letter,
    Notice,
    Push,
    kept,
    notice_of,
)
from faded_skies.domains.notifications.rules.money import Purchase, order_confirmed, refunded
from faded_skies.domains.notifications.rules.orders import amendment, arrived, eta_changed, order_status
from faded_skies.domains.notifications.rules.papers import id_decided
from faded_skies.domains.notifications.rules.patience import MOST_ATTEMPTS, wait_before
from faded_skies.domains.notifications.rules.promotions import Promoted, promotion
from faded_skies.domains.notifications.rules.quiet import QuietHours, quiet_until
from faded_skies.domains.notifications.rules.staff import alarm, invitation
from faded_skies.domains.notifications.rules.topics import (
    LOCKED,
    PROMOTIONS,
    Channel,
    Topic,
    topic_of,
)

__all__ = [
    "LOCKED",
    "MOST_ATTEMPTS",
    "PROMOTIONS",
    "Channel",
    "Email",
    "Letter",
    "Notice",
    "Promoted",
    "Purchase",
    "Push",
    "QuietHours",
    "Topic",
    "account_closed",
    "alarm",
    "amendment",
    "arrived",
    "confirm_email",
    "email_changing",
    "eta_changed",
    "id_decided",
    "identity_linked",
    "identity_unlinked",
    "invitation",
    "kept",
    "lay_out",
    "notice_of",
    "offered",
    "order_confirmed",
    "order_status",
    "passkey_changed",
    "password_changed",
    "promotion",
    "quiet_until",
    "refunded",
    "reset_password",
    "second_factor_changed",
    "topic_of",
    "wait_before",
    "welcome",
    "welcome_confirmed",
    "withdrawn",
]
