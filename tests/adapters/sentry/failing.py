"""A process that fails in the ways that ours do, for the tests of what Sentry is told: `failing.py DSN`."""

import sys

import structlog

from faded_skies.adapters.sentry.reporting import reporting
from faded_skies.platform import logging

log = structlog.get_logger()


def fail(password: str) -> None:
    raise LookupError(f"no such row: (maya@example.com, {password})")


def main(dsn: str) -> None:
    logging.configure("info", process="serve")
    with reporting(dsn, release="1.2.3", environment="test", process="serve"):
        log.info("request", path="/api/cart")
        log.warning("client_too_slow", most=3)
        try:
            fail("a-secret-of-maya")
        except LookupError:
            log.exception(
                "request_failed",
                request_id="req-12345678",
                method="GET",
                path="/api/orders/{order_id}",
                full_name="Maya Okafor",
                told="call (512) 555-0134 or maya@example.com",
            )
        log.error("stripe_refuses_our_key", call="charge", token="sk_live_of_ours")
    log.error("after_the_end")


main(sys.argv[1])
