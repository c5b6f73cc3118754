"""What Stripe's refusals and silences mean to us. Vendor words stop here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import stripe
import structlog

from faded_skies.domains.payments.errors import GatewayUnavailable, IntentNotFound, UnknownPaymentMethod
from faded_skies.platform.outbound import refuse_inside_transaction

log = structlog.get_logger()

Refusal = stripe.InvalidRequestError
Declined = stripe.CardError

PAGE = 100
"""The most that Stripe lists at once."""

_OF_METHOD = {"customer", "payment_method", "payment_method_data", "default_payment_method"}
_USED_UP = "previously used"
"""Of a method that was detached, or used once without a customer; no code says so (docs.stripe.com/error-codes)."""


@contextmanager
def calling(call: str) -> Iterator[None]:
    """Guard one call: silence becomes GatewayUnavailable. Refusals and declines are left to whoever asked.

    Connections that break, answers that do not come, limits, and Stripe's own mistakes (api_error) are silence: what
    happened is unknown (docs.stripe.com/error-low-level).
    """
    refuse_inside_transaction(f"Stripe's {call}")
    try:
        yield
    except (Refusal, Declined):
        raise
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("stripe_refuses_our_key", call=call, check="STRIPE_SECRET_KEY", **facts_of(error))  # noqa: TRY400 - the text may quote a key
        raise GatewayUnavailable from error
    except stripe.StripeError as error:
        log.warning("stripe_unavailable", call=call, **facts_of(error))
        raise GatewayUnavailable from error


def facts_of(error: stripe.StripeError) -> dict[str, object]:
    """Return what may be logged of an error: never its text, which can quote what was sent."""
    return {
        "kind": type(error).__name__,
        "code": error.code,
        "status": error.http_status,
        "stripe_request": error.request_id,
    }


def told_by(error: stripe.StripeError) -> dict[str, Any]:
    """Return the `error` object of the answer, empty when there is none."""
    body = error.json_body
    told = body.get("error") if isinstance(body, dict) else None
    return told if isinstance(told, dict) else {}


def is_replay(headers: Mapping[str, str] | None) -> bool:
    """Tell whether an answer is the first one given to its key, again (docs.stripe.com/error-low-level)."""
    return headers is not None and headers.get("idempotent-replayed") == "true"


def is_about_method(error: Refusal) -> bool:
    """Tell whether a refusal says that the method does not exist, is used up, or is not this customer's.

    One who is gone has none.
    """
    return error.param in _OF_METHOD or _USED_UP in (error.user_message or "")


def refuse(call: str, error: Refusal) -> Exception:
    """Return what a refusal of a call on a charge or method means to us."""
    if is_about_method(error):
        return UnknownPaymentMethod()
    if error.code == "resource_missing":
        return IntentNotFound()
    log.error("stripe_refused", call=call, param=error.param, **facts_of(error))
    return GatewayUnavailable()
