"""OpenTelemetry: traces over OTLP/HTTP."""
