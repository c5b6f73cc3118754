"""HTTP: the cart, the quote, the order and its payment."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.schemas import (
    MOST_OF_ONE,
    AddToCart,
    AmendedAnswer,
    AmendOrder,
    AreaAnswer,
    CartAnswer,
    ConfirmPayment,
    LicenceAnswer,
    PlacedAnswer,
    PlaceOrder,
    QuoteAnswer,
    ShopAnswer,
    UpdateCart,
    ValidateArea,
    present_cart,
    present_licence,
    present_quote,
    present_shop,
)
from faded_skies.domains.checkout.service import amending, cart, paying, placing, shopfront
from faded_skies.domains.checkout.service.placing import Outcome, Placed
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.schemas import (
    AmendmentAnswer,
    present_amendment,
    present_order,
)
from faded_skies.domains.orders.service import Change, Item
from faded_skies.domains.payments.service import ChargeResult, ChargeStatus
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Situation
from faded_skies.platform.http.answers import Json, refusal
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, keep_refusal, once

Wired = Annotated[Checkout, provided(Checkout)]

router = APIRouter(dependencies=needs_token)
public = APIRouter()


@public.get("/api/shop", response_model=ShopAnswer, tags=["shop"])
async def look_at_shop(checkout: Wired) -> Json:
    """The shop: licence, time zone, areas with fee, minimum and hours, ways to pay, and whether it is open now."""
    return Json(present_shop(await shopfront.look(checkout)))


@public.get("/api/compliance/license", response_model=LicenceAnswer, tags=["compliance"])
async def look_at_licence(checkout: Wired) -> Json:
    """The shop's licence and how it stands today; one that has run out stops all selling."""
    return Json(present_licence(await shopfront.find_licence(checkout)))


@public.post("/api/compliance/validate-delivery-area", response_model=AreaAnswer, tags=["compliance"])
async def validate_delivery_area(body: ValidateArea, checkout: Wired) -> Json:
    """Whether we deliver to an address: its town is approved, by its exact name, and it lies in a service area."""
    place = body.address
    reason = await shopfront.why_not_served(
        checkout, city=place.city, state=place.state, zip_code=place.zip_code, point=place.point
    )
    return Json(
        {
            "approved": reason is None,
            "reason": reason,
            "availableAreas": list(checkout.book.places.municipalities or ()),
        }
    )


@router.get("/api/cart", response_model=CartAnswer, tags=["cart"])
async def show_cart(actor: SignedIn, checkout: Wired) -> Json:
    """The whole cart, with exact prices and stock, and how much of each daily limit it uses."""
    view = await cart.show(checkout, actor)
    return Json(present_cart(view))


@router.post("/api/cart/add", response_model=CartAnswer, tags=["cart"])
async def add_to_cart(body: AddToCart, actor: SignedIn, checkout: Wired) -> Json:
    """Add to what is there. 409 OUT_OF_STOCK, 422 PURCHASE_LIMIT_EXCEEDED, 404 for a product not on sale."""
    view = await cart.add(
        checkout, actor, product_id=body.product_id, quantity=body.quantity, most=MOST_OF_ONE
    )
    return Json(present_cart(view))


@router.put("/api/cart/update", response_model=CartAnswer, tags=["cart"])
async def update_cart(body: UpdateCart, actor: SignedIn, checkout: Wired) -> Json:
    """Set a quantity; 0 removes the product."""
    view = await cart.update(
        checkout, actor, product_id=body.product_id, quantity=body.quantity, most=MOST_OF_ONE
    )
    return Json(present_cart(view))


@router.delete("/api/cart/remove/{product_id}", response_model=CartAnswer, tags=["cart"])
async def remove_from_cart(product_id: Id, actor: SignedIn, checkout: Wired) -> Json:
    """Take a product out; one that is not there is no error."""
    view = await cart.update(checkout, actor, product_id=product_id, quantity=0, most=MOST_OF_ONE)
    return Json(present_cart(view))


@router.post("/api/orders/quote", response_model=QuoteAnswer, tags=["orders"])
async def quote_order(body: PlaceOrder, actor: SignedIn, checkout: Wired) -> Json:
    """What an order of the cart would cost, and every refusal at once; nothing is reserved."""
    return Json(present_quote(await placing.quote(checkout, actor, body.wish())))


@router.post("/api/orders", response_model=PlacedAnswer, status_code=201, tags=["orders"])
async def place_order(body: PlaceOrder, actor: SignedIn, checkout: Wired, key: KeyHeader = None) -> Json:
    """Order the cart. The cart is taken, or kept when refused; see the contract for the refusals."""
    await checkout.gate.enter(str(actor.id))
    call = Call.of(actor.id, key, what="place order", body=body.model_dump(mode="json"))
    placed = await placing.reserve(checkout, actor, body.wish(), call, present=_present_placed)
    if isinstance(placed, Answer):
        return placed.response()
    if call is None or placed.intent is None:
        outcome = await placing.charge(checkout, placed)
    else:
        async with call.running(checkout.valkey):
            outcome = await placing.charge(checkout, placed)
    try:
        outcome.check()
        answer = Answer(201, _present(outcome, placed.items))
    except Situation as situation:
        answer = Answer(*refusal(situation))
    if call is not None and not placed.is_answered:
        await call.keep(checkout.db, answer)
    return answer.response()


def _present_placed(placed: Placed) -> Answer:
    return Answer(201, _present(Outcome(placed.order, None), placed.items))


@router.post("/api/orders/{order_id}/confirm-payment", response_model=PlacedAnswer, tags=["orders"])
async def confirm_payment(
    order_id: Id,
    actor: SignedIn,
    checkout: Wired,
    body: ConfirmPayment | None = None,
    key: KeyHeader = None,
) -> Json:
    """After the bank's extra step, or with another payment method after a decline (402 PAYMENT_FAILED)."""
    method_id = body.payment_method_id if body else None
    call = Call.of(actor.id, key, what=f"confirm payment {order_id}", body=str(method_id))
    if call is None:
        return (await _confirm(checkout, actor, order_id, method_id)).response()
    async with checkout.db.transaction() as tx:
        first = await call.claim(tx)
    if isinstance(first, Answer):
        return first.response()
    async with call.running(checkout.valkey):
        try:
            answer = await _confirm(checkout, actor, order_id, method_id)
        except Situation as situation:
            return (await keep_refusal(checkout.db, call, situation)).response()
        await call.keep(checkout.db, answer)
    return answer.response()


async def _confirm(checkout: Checkout, actor: Actor, order_id: UUID, method_id: UUID | None) -> Answer:
    outcome = await paying.confirm(checkout, actor, order_id, method_id)
    outcome.check()
    items = await orders.list_items(checkout.db, [order_id])
    return Answer(200, _present(outcome, items[order_id]))


@router.post("/api/orders/{order_id}/amend", response_model=AmendedAnswer, tags=["orders"])
async def amend_order(
    order_id: Id, body: AmendOrder, actor: SignedIn, checkout: Wired, key: KeyHeader = None
) -> Json:
    """Change one's own order before it is packed; what it costs less goes back, what it costs more is charged.

    409 INVALID_STATE once it is packed, or while another change waits; 402 PAYMENT_FAILED, and the order stays as it
    was; 422 AMENDMENT_NOT_DEARER where its way to pay cannot pay more.
    """
    lines = body.wishes()

    async def begin(tx: Tx) -> Change:
        return await amending.amend_own(tx, checkout, actor, order_id, lines)

    call = Call.of(actor.id, key, what=f"amend {order_id}", body=body.model_dump(mode="json"))
    answer = await amending.run(checkout, actor, call, begin, order_id=order_id, present=_present_change)
    return answer.response()


@router.post(
    "/api/orders/{order_id}/amendments/{amendment_id}/accept", response_model=AmendedAnswer, tags=["orders"]
)
async def accept_amendment(
    order_id: Id, amendment_id: Id, actor: SignedIn, checkout: Wired, key: KeyHeader = None
) -> Json:
    """Consent to what the shop proposes, or ask again where a change that is `paying` stands.

    What it costs more is charged to the order's card: 402 PAYMENT_FAILED, and the order stays as it was. 409
    INVALID_STATE when it is over, or sold out since.
    """

    async def begin(tx: Tx) -> Change:
        return await amending.accept(tx, checkout, actor, order_id, amendment_id)

    call = Call.of(actor.id, key, what=f"accept {order_id} {amendment_id}")
    answer = await amending.run(checkout, actor, call, begin, order_id=order_id, present=_present_change)
    return answer.response()


@router.post(
    "/api/orders/{order_id}/amendments/{amendment_id}/decline",
    response_model=AmendmentAnswer,
    tags=["orders"],
)
async def decline_amendment(
    order_id: Id, amendment_id: Id, actor: SignedIn, checkout: Wired, key: KeyHeader = None
) -> Json:
    """Refuse what the shop proposes; the order stays as it is. 409 INVALID_STATE when it is over."""

    async def work(tx: Tx) -> Answer:
        declined = await amending.decline(tx, actor, order_id, amendment_id)
        return Answer(200, {"amendment": present_amendment(declined)})

    return await once(checkout.db, Call.of(actor.id, key, what=f"decline {order_id} {amendment_id}"), work)


async def _present_change(tx: Tx, change: Change, result: ChargeResult | None) -> Answer:
    items = (await orders.list_items(tx, [change.order.id]))[change.order.id]
    payment: dict[str, object] | None = None
    if result is not None:
        payment = {"status": result.status}
        if result.status is ChargeStatus.REQUIRES_ACTION:
            payment["clientSecret"] = result.client_secret
    body = {
        "order": present_order(change.order, items, now=clock.now()),
        "amendment": present_amendment(change.amendment),
        "payment": payment,
    }
    return Answer(200, body)


def _present(outcome: Outcome, items: Sequence[Item]) -> dict[str, object]:
    order = outcome.order
    payment: dict[str, object] = {"status": _STATUS.get(order.payment_status, order.payment_status)}
    if order.payment_status == "requires_action" and outcome.result is not None:
        payment["clientSecret"] = outcome.result.client_secret
    return {"order": present_order(order, items, now=clock.now()), "payment": payment}


_STATUS = {"paid": "succeeded"}
