"""Who watches the shop run."""

import re
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from faded_skies.platform.settings.shared import SharedSettings

_DSN = re.compile(r"https?://[A-Za-z0-9]+(:[A-Za-z0-9]+)?@[^\s/@]+(/[^\s/]+)*/[0-9]+")


class MonitoringSettings(SharedSettings):
    """Figures, traces, crashes and the log."""

    metrics_token: SecretStr | None = Field(None, alias="METRICS_TOKEN", min_length=1)
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = Field(None, alias="METRICS_PORT")
    otlp_endpoint: str | None = Field(
        None, alias="OTEL_EXPORTER_OTLP_ENDPOINT", pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$"
    )
    sentry_dsn: SecretStr | None = Field(None, alias="SENTRY_DSN", min_length=1)
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", alias="LOG_LEVEL")

    @field_validator("metrics_token")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:  # noqa: PLR2004 - 96 bits in base64
            raise ValueError("use at least 16 characters, for example from: openssl rand -base64 24")
        return value

    @field_validator("sentry_dsn")
    @classmethod
    def _is_dsn(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _DSN.fullmatch(value.get_secret_value()):
            raise ValueError("write the address that Sentry shows for the project: https://key@host/number")
        return value
