"""Who looks at identity papers, and how long they are kept."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from faded_skies.platform.networks import Network, parse_networks
from faded_skies.platform.settings.shared import SharedSettings
from faded_skies.platform.settings.values import SPAN, Networks

# Where Jumio's callbacks come from, for its American region (its documents, seen 2026-11-22); it gives no signature.
_JUMIO_CALLBACKS = parse_networks(
    "34.202.241.227,34.226.103.119,34.226.254.127,52.8.136.236,54.177.61.57,54.183.15.212"
)


@dataclass(frozen=True)
class JumioClient:
    """How the shop is known at Jumio; callbacks are taken from these networks only."""

    token: str
    secret: SecretStr
    region: str
    workflow: int
    callback_networks: tuple[Network, ...]


class PaperSettings(SharedSettings):
    """The way of looking at papers, and the registration at Jumio."""

    id_verification: Literal["review", "barcode", "barcode_decides", "jumio"] = Field(
        "barcode", alias="ID_VERIFICATION"
    )
    id_documents_keep: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=30)), SPAN] = Field(
        timedelta(0), alias="ID_DOCUMENTS_KEEP"
    )
    jumio_api_token: str | None = Field(None, alias="JUMIO_API_TOKEN", min_length=1)
    jumio_api_secret: SecretStr | None = Field(None, alias="JUMIO_API_SECRET", min_length=1)
    jumio_region: Literal["amer-1", "emea-1", "apac-1"] = Field("amer-1", alias="JUMIO_REGION")
    jumio_workflow: Annotated[int, Field(ge=1)] = Field(10163, alias="JUMIO_WORKFLOW")
    jumio_callback_addresses: Networks = Field(
        _JUMIO_CALLBACKS, alias="JUMIO_CALLBACK_ADDRESSES", validate_default=True
    )

    @model_validator(mode="after")
    def _jumio_is_whole(self) -> Self:
        if self.id_verification == "jumio" and not (self.jumio_api_token and self.jumio_api_secret):
            raise ValueError("ID_VERIFICATION=jumio needs JUMIO_API_TOKEN and JUMIO_API_SECRET; set both")
        return self

    @property
    def jumio(self) -> JumioClient | None:
        """The shop's registration at Jumio, where Jumio looks at identity papers."""
        if self.id_verification != "jumio" or not (self.jumio_api_token and self.jumio_api_secret):
            return None
        return JumioClient(
            self.jumio_api_token,
            self.jumio_api_secret,
            self.jumio_region,
            self.jumio_workflow,
            self.jumio_callback_addresses,
        )
