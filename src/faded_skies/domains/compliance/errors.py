"""What the law refuses."""

from faded_skies.platform.errors import Absent, Forbidden, Invalid


class RulesError(Exception):
    """A rule file is wrong; the text names the file and the place."""


class PurchaseLimitExceeded(Invalid):
    code = "PURCHASE_LIMIT_EXCEEDED"


class OutsideDeliveryArea(Invalid):
    code = "OUTSIDE_DELIVERY_AREA"
    sentence = "We do not deliver to this address. Choose one inside our delivery areas."


class OutsideDeliveryHours(Invalid):
    code = "OUTSIDE_DELIVERY_HOURS"


class IdVerificationRequired(Forbidden):
    code = "ID_VERIFICATION_REQUIRED"
    sentence = (
        "Verify your ID first: hand in a photo of it under your profile. You can order once it is approved."
    )


class AgeVerificationRequired(Forbidden):
    code = "AGE_VERIFICATION_REQUIRED"
    sentence = "Complete your profile with your date of birth first."


class ShopClosed(Invalid):
    code = "SHOP_CLOSED"


class ProductNotSellable(Invalid):
    code = "PRODUCT_NOT_SELLABLE"


class DeliveredToday(Invalid):
    """The law lets one address have only so many deliveries a day."""

    code = "DELIVERED_TODAY"


class RuleNotFound(Absent):
    sentence = "There is no rule of this name in force. `faded-skies rules list` names them all."
