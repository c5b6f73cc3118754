"""What can be done with payment methods, attempts to charge, and refunds; one file each."""

from faded_skies.domains.payments.models import Intent, PaymentMethod, Tender
from faded_skies.domains.payments.rules import ChargeResult, ChargeStatus, IntentStatus
from faded_skies.domains.payments.service.held import erase, held_on
from faded_skies.domains.payments.service.intents import (
    adopt_intent,
    answer,
    apply_result,
    ask,
    cancel,
    cancel_open,
    charge,
    find_decline_code,
    find_open_intent,
    find_order_id,
    get_intent,
    open_intent,
    open_unadopted,
)
from faded_skies.domains.payments.service.methods import (
    add_card,
    add_shop_method,
    get_method_for,
    list_methods,
    make_primary,
    remove_method,
)
from faded_skies.domains.payments.service.refunds import (
    refund_order,
    request_refund,
    send_refund,
    settle_refund,
)

__all__ = [
    "ChargeResult",
    "ChargeStatus",
    "Intent",
    "IntentStatus",
    "PaymentMethod",
    "Tender",
    "add_card",
    "add_shop_method",
    "adopt_intent",
    "answer",
    "apply_result",
    "ask",
    "cancel",
    "cancel_open",
    "charge",
    "erase",
    "find_decline_code",
    "find_open_intent",
    "find_order_id",
    "get_intent",
    "get_method_for",
    "held_on",
    "list_methods",
    "make_primary",
    "open_intent",
    "open_unadopted",
    "refund_order",
    "remove_method",
    "request_refund",
    "send_refund",
    "settle_refund",
]
