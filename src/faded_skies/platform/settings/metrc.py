"""How the state's track-and-trace system is told."""

from dataclasses import dataclass
from typing import Self

from pydantic import Field, SecretStr, model_validator

from faded_skies.platform.settings.shared import SharedSettings


@dataclass(frozen=True)
class MetrcAccount:
    """How the shop is known to its state's track-and-trace system: keys, licence, where to ask, and its words.

    `phone` is where the authority may call about a delivery.
    """

    api_base: str
    vendor_key: SecretStr
    user_key: SecretStr
    license_no: str
    phone: str | None
    return_reason: str
    adjusted_reason: str
    destroyed_reason: str


class MetrcSettings(SharedSettings):
    """The account there, the state's words for our reasons, and what waits for its answer."""

    metrc_api_base: str | None = Field(None, alias="METRC_API_BASE", min_length=1)
    metrc_vendor_key: SecretStr | None = Field(None, alias="METRC_VENDOR_KEY", min_length=1)
    metrc_user_key: SecretStr | None = Field(None, alias="METRC_USER_KEY", min_length=1)
    metrc_license: str | None = Field(None, alias="METRC_LICENSE", min_length=1)
    metrc_phone: str | None = Field(None, alias="METRC_PHONE", min_length=1)
    metrc_return_reason: str = Field("Unable to Deliver", alias="METRC_RETURN_REASON", min_length=1)
    metrc_adjusted_reason: str = Field("Entry Error", alias="METRC_ADJUSTED_REASON", min_length=1)
    metrc_destroyed_reason: str = Field("Waste", alias="METRC_DESTROYED_REASON", min_length=1)
    metrc_blocks_departure: bool = Field(default=False, alias="METRC_BLOCKS_DEPARTURE")

    @model_validator(mode="after")
    def _metrc_is_whole(self) -> Self:
        given = {
            "METRC_API_BASE": self.metrc_api_base,
            "METRC_VENDOR_KEY": self.metrc_vendor_key,
            "METRC_USER_KEY": self.metrc_user_key,
            "METRC_LICENSE": self.metrc_license,
        }
        missing = [name for name, value in given.items() if value is None]
        if missing and len(missing) < len(given):
            raise ValueError(f"{', '.join(given)} belong together: also set {', '.join(missing)}, or none")
        base = self.metrc_api_base or ""
        if self.environment == "production" and base and not base.startswith("https://"):
            raise ValueError("METRC_API_BASE must be https: the keys go with every call")
        return self

    @property
    def metrc(self) -> MetrcAccount | None:
        """The account at the state's track-and-trace system, None when there is none."""
        if not (self.metrc_api_base and self.metrc_vendor_key and self.metrc_user_key and self.metrc_license):
            return None
        return MetrcAccount(
            self.metrc_api_base.rstrip("/"),
            self.metrc_vendor_key,
            self.metrc_user_key,
            self.metrc_license,
            self.metrc_phone,
            self.metrc_return_reason,
            self.metrc_adjusted_reason,
            self.metrc_destroyed_reason,
        )
