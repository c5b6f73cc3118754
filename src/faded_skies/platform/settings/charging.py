"""Who charges cards, and when."""

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from faded_skies.platform.settings.shared import SharedSettings
from faded_skies.platform.settings.values import listed


@dataclass(frozen=True)
class StripeAccount:
    """The shop's account at Stripe.

    More than one webhook secret is good while they are rotated. `confirmation` says who confirms a payment, and
    `product_classes` which goods the account may be charged for. `api_base` is None for Stripe's own address.
    """

    secret_key: SecretStr
    webhook_secrets: tuple[SecretStr, ...]
    publishable_key: str | None
    confirmation: Literal["automatic", "manual"]
    product_classes: frozenset[str]
    api_base: str | None

    @property
    def moves_money(self) -> bool:
        """Whether the key is a live one."""
        return "_test_" not in self.secret_key.get_secret_value()


class ChargingSettings(SharedSettings):
    """The account at Stripe, and the moment at which money is taken."""

    stripe_secret_key: SecretStr | None = Field(None, alias="STRIPE_SECRET_KEY", min_length=1)
    stripe_webhook_secret: SecretStr | None = Field(None, alias="STRIPE_WEBHOOK_SECRET", min_length=1)
    stripe_publishable_key: str | None = Field(None, alias="STRIPE_PUBLISHABLE_KEY", min_length=1)
    stripe_confirmation: Literal["automatic", "manual"] = Field("automatic", alias="STRIPE_CONFIRMATION")
    stripe_product_classes: str = Field("accessory", alias="STRIPE_PRODUCT_CLASSES")
    stripe_api_base: str | None = Field(None, alias="STRIPE_API_BASE", min_length=1)
    payment_capture: Literal["order", "departure"] = Field("order", alias="PAYMENT_CAPTURE")

    @model_validator(mode="after")
    def _stripe_is_whole(self) -> Self:
        if (self.stripe_secret_key is None) != (self.stripe_webhook_secret is None):
            raise ValueError(
                "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET belong together: set both, or neither for a shop "
                "without cards"
            )
        return self

    @property
    def stripe(self) -> StripeAccount | None:
        """The account at Stripe, None when there is none."""
        if self.stripe_secret_key is None or self.stripe_webhook_secret is None:
            return None
        return StripeAccount(
            secret_key=self.stripe_secret_key,
            webhook_secrets=tuple(
                SecretStr(one) for one in listed(self.stripe_webhook_secret.get_secret_value())
            ),
            publishable_key=self.stripe_publishable_key,
            confirmation=self.stripe_confirmation,
            product_classes=frozenset(listed(self.stripe_product_classes)),
            api_base=self.stripe_api_base,
        )
