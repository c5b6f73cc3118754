"""Logs: one JSON line an event, a fixed name and fields, no personal data."""

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import orjson
import structlog

from faded_skies.platform.scrubbing import Scrubber, scrub_event

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def _without_values(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Keep of an exception where it happened and its type: local variables and messages may quote people."""
    for exception in event.get("exception", ()):
        exception.pop("exc_value", None)
        exception.pop("exc_notes", None)
    return event


Report = Callable[[MutableMapping[str, Any], Any], None]
"""Hears of an error: the fields of its line, and what `sys.exc_info` gives where an exception is being handled."""

_reports: list[Report] = []


def report_errors_to(report: Report | None) -> None:
    """Tell somebody else of each error as well, or nobody any more."""
    _reports[:] = [] if report is None else [report]


def _report(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if _reports and event.get("level") == "error":
        error = sys.exc_info()
        for report in _reports:
            report(dict(event), error if error[0] is not None else None)
    return event


def _render(_logger: object, _name: str, event: structlog.typing.EventDict) -> bytes:
    return orjson.dumps(event, default=str)


def configure(level: str, *, process: str, stream: TextIO = sys.stderr) -> None:
    """Set up logging for this process. `process` (serve, worker …) stands in every line."""
    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _report,
            _TRACEBACKS,
            _without_values,
            scrub_event,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _render,
        ],
        logger_factory=structlog.BytesLoggerFactory(stream.buffer),
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(stream=stream, level=logging.WARNING, format="%(message)s", force=True)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Scrubber())
    # The queue library logs each failure with its traceback; the executor has told of it already.
    logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)
    # It tells of every broken form; the refusal is logged as any other.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
