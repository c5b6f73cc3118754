"""Who outside hears how a process does, where the settings name somebody."""

from contextlib import ExitStack

from faded_skies.platform.settings import Settings


def open_telemetry(settings: Settings, process: str) -> ExitStack:
    """Open what is set; close it when the process ends. `process` is serve or work."""
    stack = ExitStack()
    if settings.sentry_dsn is not None:
        from faded_skies.adapters.sentry.reporting import reporting

        stack.enter_context(
            reporting(
                settings.sentry_dsn.get_secret_value(),
                release=settings.version,
                environment=settings.environment,
                process=process,
            )
        )
    if settings.otlp_endpoint is not None:
        from faded_skies.adapters.otel.traces import tracing_to

        stack.enter_context(
            tracing_to(
                settings.otlp_endpoint,
                release=settings.version,
                environment=settings.environment,
                process=process,
            )
        )
    return stack
