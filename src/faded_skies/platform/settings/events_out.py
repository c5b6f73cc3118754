"""Who outside hears what happened."""

import re

from pydantic import Field, SecretStr, field_validator

from faded_skies.platform.settings.shared import SharedSettings

_AMQP = re.compile(r"amqps?://([^\s/@]+@)?[^\s/@]+(/\S*)?")


class EventsOutSettings(SharedSettings):
    """The broker that events go to, None when nobody listens."""

    amqp_url: SecretStr | None = Field(None, alias="AMQP_URL", min_length=1)
    amqp_exchange: str = Field(
        "faded-skies.events", alias="AMQP_EXCHANGE", pattern=r"^[A-Za-z0-9._:-]{1,100}$"
    )

    @field_validator("amqp_url")
    @classmethod
    def _is_amqp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _AMQP.fullmatch(value.get_secret_value()):
            raise ValueError("write amqp:// or amqps://, then user:password@host:port/virtual-host")
        return value
