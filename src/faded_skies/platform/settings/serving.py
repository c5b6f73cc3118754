"""Where the shop serves, and what it stands on."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from faded_skies.platform.settings.shared import SharedSettings
from faded_skies.platform.settings.values import SPAN, Networks

_ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


class ServingSettings(SharedSettings):
    """Addresses, engines, folders, and who stands before us."""

    version: str = Field("0.1.0", alias="APP_VERSION")
    host: str = Field("127.0.0.1", alias="HOST")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(3000, alias="PORT")
    drain_for: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(minutes=5)), SPAN] = Field(
        timedelta(seconds=5), alias="DRAIN_FOR"
    )
    data: Path = Field(Path("var"), alias="FADED_SKIES_DATA")
    demo: bool = Field(default=False, alias="FADED_SKIES_DEMO")

    database_url: str = Field(alias="DATABASE_URL")
    database_pool: Annotated[int, Field(ge=2, le=200)] = Field(10, alias="DATABASE_POOL_SIZE")
    redis_url: str = Field(alias="REDIS_URL")

    client_url: str = Field("http://localhost:5173", alias="CLIENT_URL")
    api_url: str = Field("http://127.0.0.1:3000", alias="API_URL")
    trusted_proxies: Networks = Field((), alias="TRUSTED_PROXIES")

    @field_validator("client_url")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in filter(None, (part.strip().rstrip("/") for part in value.split(","))):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is no origin; name each app as browsers do, such as https://shop.example "
                    "(scheme, host in small letters, port if it is another; no path and no *)"
                )
        return value

    @model_validator(mode="after")
    def _demo_is_not_production(self) -> Self:
        if self.demo and self.environment == "production":
            raise ValueError("FADED_SKIES_DEMO prints passwords and cannot be used with NODE_ENV=production")
        return self

    @property
    def api_is_https(self) -> bool:
        """Whether browsers reach the API over TLS."""
        return self.api_url.startswith("https://")

    @property
    def client_origins(self) -> list[str]:
        """The origins that browsers may call from, from the comma-separated CLIENT_URL."""
        return [origin.strip().rstrip("/") for origin in self.client_url.split(",") if origin.strip()]
