"""Carts, quotes and new orders on the wire (contract §3)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool
from pydantic.alias_generators import to_camel

from faded_skies.domains.checkout.models import Appraisal, CartView, Licence, Shopfront, Wish, WishedLine
from faded_skies.domains.compliance.service import LimitUse, tax_summary
from faded_skies.domains.orders.schemas import AmendmentShape, OrderShape
from faded_skies.domains.places.service import Circle, Polygon, ServiceArea, geojson_of
from faded_skies.platform.errors import Refused
from faded_skies.platform.geo import METRES_PER_MILE
from faded_skies.platform.http.fields import Body, Id, Latitude, Longitude, Note, Shape, Text
from faded_skies.platform.money import JsonNumber, Sum, cents_of, to_dollars

MOST_OF_ONE = 100

Quantity = Annotated[int, Field(strict=True, ge=1, le=MOST_OF_ONE, description="How many to add.")]
Coins = Annotated[int, Field(strict=True, ge=0, le=100_000_000, description="FS coins; one is worth a cent.")]
Tip = Annotated[Sum, Field(le=1000, description="Dollars for the driver."), JsonNumber()]


class AddToCart(
    Body,
    json_schema_extra={"examples": [{"productId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60", "quantity": 2}]},
):
    product_id: Id
    quantity: Quantity


class UpdateCart(
    Body,
    json_schema_extra={"examples": [{"productId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60", "quantity": 1}]},
):
    product_id: Id
    quantity: Annotated[
        int, Field(strict=True, ge=0, le=MOST_OF_ONE, description="How many it shall be; 0 removes it.")
    ]


class PlaceOrder(
    Body,
    json_schema_extra={
        "examples": [
            {
                "deliveryAddressId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60",
                "paymentMethodId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60",
                "useCoins": True,
                "tip": 4.5,
            }
        ]
    },
):
    """`useCoins`: true takes as many coins as help, a number takes that many; a coin is a cent."""

    delivery_address_id: Id
    payment_method_id: Id
    special_instructions: Note | None = None
    use_coins: Annotated[
        StrictBool | Coins, Field(description="true for as many as help, or how many FS coins.")
    ] = False
    tip: Tip = Decimal(0)
    payment_intent_id: Annotated[Text, Field(min_length=1, max_length=255)] | None = None

    def wish(self) -> Wish:
        """Return what the person wants, in our words."""
        as_many = self.use_coins is True
        return Wish(
            delivery_address_id=self.delivery_address_id,
            payment_method_id=self.payment_method_id,
            special_instructions=self.special_instructions or None,
            use_coins=bool(self.use_coins),
            coins=None if as_many else int(self.use_coins),
            tip_cents=cents_of(self.tip),
            payment_intent=self.payment_intent_id,
        )


class ConfirmPayment(
    Body, json_schema_extra={"examples": [{"paymentMethodId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"}]}
):
    payment_method_id: Id | None = None


class WishedUnits(Body):
    product_id: Id
    quantity: Annotated[
        int, Field(strict=True, ge=1, le=MOST_OF_ONE, description="How many it shall be, not how many more.")
    ]

    def line(self) -> WishedLine:
        return WishedLine(self.product_id, self.quantity)


class AmendOrder(
    Body,
    json_schema_extra={
        "examples": [{"lines": [{"productId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60", "quantity": 1}]}]
    },
):
    """`lines` is the whole list as it shall be; what is not in it is taken off."""

    lines: Annotated[list[WishedUnits], Field(min_length=1, max_length=100)]

    def wishes(self) -> list[WishedLine]:
        """Return the lines. Raises Refused when a product is named twice."""
        return each_once([line.line() for line in self.lines])


def each_once(lines: list[WishedLine]) -> list[WishedLine]:
    """Return the lines as they are. Raises Refused when a product is named twice."""
    if len({line.product_id for line in lines}) < len(lines):
        raise Refused("lines", "Name each product once, with all its units.")
    return lines


class AreaShape(Shape):
    """Where we deliver. The middle is always told; a circle has a radius, a polygon a boundary (GeoJSON Polygon)."""

    name: str
    kind: Literal["circle", "polygon"]
    latitude: float
    longitude: float
    radius_miles: float | None
    boundary: dict[str, object] | None
    delivery_fee: float
    minimum_order: float
    opens_at: str
    closes_at: str
    open_now: bool


class AnyPlace(BaseModel):
    """An address as the guide's clients send it; further keys are let through. A point says it best."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    city: Annotated[Text, Field(min_length=1, max_length=100)]
    state: Annotated[Text, Field(max_length=50)] | None = None
    zip_code: Annotated[Text, Field(max_length=10)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None

    @property
    def point(self) -> tuple[float, float] | None:
        """Where it is, if both degrees were told."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude


class ValidateArea(
    Body,
    json_schema_extra={"examples": [{"address": {"city": "Austin", "state": "TX", "zipCode": "78704"}}]},
):
    address: AnyPlace


class AreaAnswer(Shape):
    approved: bool
    reason: str | None
    available_areas: list[str]


class ShopAnswer(Shape):
    name: str
    license_number: str
    time_zone: str
    open_now: bool
    areas: list[AreaShape]
    municipalities: list[str]
    tenders: list[str]
    stripe_publishable_key: str | None
    min_age: int
    jurisdiction: str
    fictional: bool


class BusinessShape(Shape):
    name: str
    license_number: str
    license_type: str
    issuer: str
    issued_date: date
    expiration_date: date
    status: str = Field(examples=["Active", "Expires soon", "Expired"])
    days_left: int


class ComplianceShape(Shape):
    track_and_trace: str
    tax_reporting: str
    age_verification: str
    min_age: int
    delivery_areas: str
    fictional: bool


class LicenceAnswer(Shape):
    business: BusinessShape
    compliance: ComplianceShape


class CartLineShape(Shape):
    product_id: Id
    quantity: int
    added_at: str
    product: dict[str, object]
    line_total: float


class LimitShape(Shape):
    name: str
    unit: str
    used: int
    allowed: int


class CartAnswer(Shape):
    items: list[CartLineShape]
    subtotal: float
    item_count: int
    limits: list[LimitShape]


class TaxesAnswer(Shape):
    state: float
    cannabis: float
    local: float
    breakdown: list[dict[str, object]]


class ProblemShape(Shape):
    code: str
    error: str


class QuoteAnswer(Shape):
    subtotal: float
    taxes: TaxesAnswer
    tax_amount: float
    delivery_fee: float
    tip: float
    coin_discount: float
    total_amount: float
    amount_due: float
    earliest_delivery: str
    problems: list[ProblemShape]


class ChargeShape(Shape):
    status: str
    client_secret: str | None = None


class AmendedAnswer(Shape):
    """`payment` tells of the charge of what the change costs more, null where nothing is charged."""

    order: OrderShape
    amendment: AmendmentShape
    payment: ChargeShape | None


class PlacedAnswer(Shape):
    order: OrderShape
    payment: ChargeShape


_TRACKED = {"none": "None", "metrc": "Metrc Integration Active"}


def present_licence(licence: Licence) -> dict[str, object]:
    """Return the licence in the guide's words."""
    shop, book = licence.shop, licence.book
    return {
        "business": {
            "name": shop.name,
            "licenseNumber": shop.license_number,
            "licenseType": shop.license_type,
            "issuer": shop.license_issuer,
            "issuedDate": shop.license_issued_on,
            "expirationDate": shop.license_expires_on,
            "status": licence.status,
            "daysLeft": max(licence.days_left, 0),
        },
        "compliance": {
            "trackAndTrace": _TRACKED[book.reporting.system],
            "taxReporting": "Automated",
            "ageVerification": "Required",
            "minAge": book.min_age,
            "deliveryAreas": f"{book.name}: "
            + (
                ", ".join(book.places.municipalities)
                if book.places.municipalities
                else "every town not barred"
            ),
            "fictional": book.fictional,
        },
    }


def present_limits(uses: Sequence[LimitUse]) -> list[dict[str, object]]:
    """Return how much of each daily limit this cart and today's orders use."""
    return [{"name": use.name, "unit": use.unit, "used": use.used, "allowed": use.most} for use in uses]


def present_cart(view: CartView) -> dict[str, object]:
    """Return the whole cart."""
    totals = {line.product_id: view.prices[line.product_id] * line.quantity for line in view.lines}
    return {
        "items": [
            {
                "productId": line.product_id,
                "quantity": line.quantity,
                "addedAt": line.added_at,
                "product": view.cards[line.product_id],
                "lineTotal": to_dollars(totals[line.product_id]),
            }
            for line in view.lines
        ],
        "subtotal": to_dollars(sum(totals.values())),
        "itemCount": sum(line.quantity for line in view.lines),
        "limits": present_limits(view.limits),
    }


def present_quote(appraisal: Appraisal) -> dict[str, object]:
    """Return what the order would cost, and every refusal at once."""
    return {
        "subtotal": to_dollars(appraisal.subtotal_cents),
        "taxes": tax_summary(appraisal.taxes),
        "taxAmount": to_dollars(appraisal.tax_cents),
        "deliveryFee": to_dollars(appraisal.delivery_fee_cents),
        "tip": to_dollars(appraisal.tip_cents),
        "coinDiscount": to_dollars(appraisal.coins_used),
        "totalAmount": to_dollars(appraisal.total_cents),
        "amountDue": to_dollars(appraisal.amount_due_cents),
        "earliestDelivery": appraisal.earliest_delivery,
        "problems": [{"code": problem.code, "error": problem.text} for problem in appraisal.problems],
    }


def present_shop(front: Shopfront) -> dict[str, object]:
    """Return the shop as anybody sees it."""
    return {
        "name": front.shop.name,
        "licenseNumber": front.shop.license_number,
        "timeZone": front.book.timezone.key,
        "openNow": bool(front.serving),
        "areas": [_area(area, open_now=area.id in front.serving) for area in front.areas],
        "municipalities": list(front.book.places.municipalities or ()),
        "tenders": sorted(front.tenders),
        "stripePublishableKey": front.stripe_key,
        "minAge": front.book.min_age,
        "jurisdiction": front.book.name,
        "fictional": front.book.fictional,
    }


def _area(area: ServiceArea, *, open_now: bool) -> dict[str, object]:
    shape = area.shape
    latitude, longitude = shape.middle
    return {
        "name": area.name,
        "kind": "circle" if isinstance(shape, Circle) else "polygon",
        "latitude": latitude,
        "longitude": longitude,
        "radiusMiles": round(shape.radius_m / METRES_PER_MILE, 2) if isinstance(shape, Circle) else None,
        "boundary": geojson_of(shape) if isinstance(shape, Polygon) else None,
        "deliveryFee": to_dollars(area.fee_cents),
        "minimumOrder": to_dollars(area.minimum_cents),
        "opensAt": _clock(area.opens_minute),
        "closesAt": _clock(area.closes_minute),
        "openNow": open_now,
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
