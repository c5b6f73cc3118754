"""Reports what the log calls an error. No integration of the SDK is used: they gather what we would take out again.

https://develop.sentry.dev/sdk/data-model/event-payloads/
"""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import sentry_sdk
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import event_from_exception

from faded_skies.platform import logging
from faded_skies.platform.scrubbing import scrub

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

_TAGS = ("process", "job", "method", "path", "socket_event", "consumer", "call", "check")
"""Fields of ours with few values, to search by; the rest is told beside them."""

_PATIENCE = 2.0
_KEPT_OF_FRAME = (
    "filename",
    "module",
    "function",
    "lineno",
    "in_app",
    "context_line",
    "pre_context",
    "post_context",
)


@contextmanager
def reporting(dsn: str, *, release: str, environment: str, process: str) -> Iterator[None]:
    """Report errors until the end, and then send what is left within two seconds."""
    sentry_sdk.init(
        dsn=dsn,
        release=f"faded-skies@{release}",
        environment=environment,
        server_name="",
        default_integrations=False,
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        before_send=_before_send,
        shutdown_timeout=_PATIENCE,
    )
    logging.report_errors_to(lambda told, error: _report(told, error, process))
    try:
        yield
    finally:
        logging.report_errors_to(None)
        sentry_sdk.get_client().close(timeout=_PATIENCE)


def _report(told: MutableMapping[str, Any], error: ExcInfo | None, process: str) -> None:
    event: Event = {"level": "error", "logger": "faded_skies"}
    if error is not None:
        event, _ = event_from_exception(error, client_options=sentry_sdk.get_client().options)
    fields = {name: held for name, held in told.items() if name not in {"event", "level", "exc_info"}}
    event["message"] = str(told.get("event", ""))
    event["tags"] = {"process": process} | {name: str(fields.pop(name)) for name in _TAGS if name in fields}
    event["extra"] = fields
    sentry_sdk.capture_event(event)


def _before_send(event: Event, _: Hint) -> Event:
    """Keep of an exception its type and where it happened, and scrub the rest as the log does."""
    for exception in event.get("exception", {}).get("values", ()):
        exception["value"] = ""
        for frame in (exception.get("stacktrace") or {}).get("frames", ()):
            for name in [name for name in frame if name not in _KEPT_OF_FRAME]:
                del frame[name]
    event["extra"] = scrub(event.get("extra", {}))
    event["tags"] = scrub(event.get("tags", {}))
    for name in ("user", "request", "breadcrumbs", "modules", "server_name"):
        event.pop(name, None)  # type: ignore[misc]  # keys of a TypedDict, by name
    return event
