"""Payment methods, payments prepared beforehand, and the gateway's deliveries."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.payments import service
from faded_skies.domains.payments.errors import OtherWallet, UnknownPaymentMethod
from faded_skies.domains.payments.models import PaymentMethod
from faded_skies.domains.payments.ports import CapturePolicy, ChargeRequest, Gateways, PaymentGateway
from faded_skies.domains.payments.rules import ChargeResult, ChargeStatus, Tender
from faded_skies.domains.payments.schemas import (
    AddMethod,
    ChangeMethod,
    CreateIntent,
    IntentAnswer,
    MethodAnswer,
    MethodsAnswer,
    WebhookAnswer,
    present_intent,
    present_method,
)
from faded_skies.platform import clock, inbox
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Absent, Refused, Situation
from faded_skies.platform.http.answers import Json, refusal
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader
from faded_skies.platform.money import cents_of

router = APIRouter(prefix="/api/payments", tags=["payments"], dependencies=needs_token)
webhooks = APIRouter(prefix="/webhooks", tags=["webhooks"])

Connected = Annotated[Gateways, provided(Gateways)]
Capture = Annotated[CapturePolicy, provided(CapturePolicy)]
Rules = Annotated[Law, provided(Law)]

_UNAVAILABLE = {"model": ErrorShape, "description": "The payment provider cannot be reached."}
_ABSENT = {"model": ErrorShape, "description": "No such payment method in this account."}
_TOKEN_FIELD = "stripePaymentMethodId"  # noqa: S105 - the name of a field
_UNKNOWN = "The payment provider does not know this payment method. Enter the card again."


@router.get("/methods", response_model=MethodsAnswer)
async def list_methods(actor: SignedIn, db: Db) -> Json:
    """Return your payment methods, the primary one first."""
    methods = await service.list_methods(db, actor.id)
    return Json({"paymentMethods": [present_method(method) for method in methods]})


@router.post(
    "/methods",
    status_code=201,
    response_model=MethodAnswer,
    responses={
        402: {"model": ErrorShape, "description": "The bank refused the card."},
        422: {"model": ErrorShape, "description": "Unknown to the payment provider, or not offered here."},
        503: _UNAVAILABLE,
    },
)
async def add_method(body: AddMethod, actor: SignedIn, db: Db, gateways: Connected, law: Rules) -> Json:
    """Add a payment method; your first one becomes the primary one."""
    if not body.type.needs_gateway:
        method = await _add_shop_method(body, actor, db)
    else:
        today = compliance.business_day(law.at(clock.now()), clock.now())
        method = await _add_card(body, actor, db, gateways.for_tender(body.type), today=today)
    return Json({"paymentMethod": present_method(method)}, status_code=201)


async def _add_shop_method(body: AddMethod, actor: Actor, db: Database) -> PaymentMethod:
    if body.stripe_payment_method_id is not None:
        raise Refused(_TOKEN_FIELD, "Cash and FS coins need no card; leave this field out.")
    async with db.transaction() as tx:
        return await service.add_shop_method(tx, user_id=actor.id, tender=body.type)


async def _add_card(
    body: AddMethod, actor: Actor, db: Database, gateway: PaymentGateway, *, today: date
) -> PaymentMethod:
    if body.stripe_payment_method_id is None:
        raise Refused(_TOKEN_FIELD, "A card is needed here: send the id that the card form gave you.")
    customer = await service.get_customer(db, gateway, actor.id)
    try:
        details = await service.attach_card(
            gateway,
            customer=customer,
            token=body.stripe_payment_method_id,
            tender=body.type,
            today=today,
        )
    except UnknownPaymentMethod:
        raise Refused(_TOKEN_FIELD, _UNKNOWN) from None
    except OtherWallet as other:
        raise Refused("type", other.text) from None
    async with db.transaction() as tx:
        return await service.add_card(
            tx, user_id=actor.id, tender=body.type, provider=gateway.name, details=details
        )


@router.patch(
    "/methods/{method_id}",
    response_model=MethodAnswer,
    responses={
        404: _ABSENT,
        409: {"model": ErrorShape, "description": "No method would be the primary one."},
    },
)
async def change_method(method_id: Id, body: ChangeMethod, actor: SignedIn, db: Db) -> Json:
    """Make a payment method your primary one."""
    async with db.transaction() as tx:
        method = await service.make_primary(
            tx, user_id=actor.id, method_id=method_id, primary=body.is_primary
        )
    return Json({"paymentMethod": present_method(method)})


@router.delete("/methods/{method_id}", status_code=204, responses={404: _ABSENT})
async def remove_method(method_id: Id, actor: SignedIn, db: Db) -> Response:
    """Remove a payment method; your oldest other one follows a primary one."""
    async with db.transaction() as tx:
        await service.remove_method(tx, user_id=actor.id, method_id=method_id)
    return Response(status_code=204)


@router.post(
    "/create-intent",
    response_model=IntentAnswer,
    responses={
        404: _ABSENT,
        409: {"model": ErrorShape, "description": "The Idempotency-Key was used otherwise, or is in use."},
        422: {"model": ErrorShape, "description": "A field is wrong, or this method is not charged by card."},
        503: _UNAVAILABLE,
    },
)
async def create_intent(
    body: CreateIntent,
    actor: SignedIn,
    db: Db,
    gateways: Connected,
    policy: Capture,
    key: KeyHeader = None,
) -> Json:
    """Prepare a payment for an order to come; no money moves yet, and it ends after 15 minutes."""
    gateway = gateways.for_tender(Tender.CARD)
    customer = await service.get_customer(db, gateway, actor.id)
    call = Call.of(actor.id, key, what="POST /api/payments/create-intent", body=body.model_dump(mode="json"))
    async with db.transaction() as tx:
        reserved = await _reserve(tx, body, actor, gateway, policy, call)
    if isinstance(reserved, Answer):
        return reserved.response()
    intent_id, token = reserved
    request = ChargeRequest(
        intent_id, customer, cents_of(body.amount), token, captures_later=policy.at_departure
    )
    try:
        result = await gateway.create(request)
    except UnknownPaymentMethod:
        result = None
    async with db.transaction() as tx:
        answer = await _settle(tx, intent_id, result)
        if call is not None:
            await call.keep(tx, answer)
    return answer.response()


async def _reserve(
    tx: Tx,
    body: CreateIntent,
    actor: Actor,
    gateway: PaymentGateway,
    policy: CapturePolicy,
    call: Call | None,
) -> Answer | tuple[UUID, str]:
    """Return the intent's id and the gateway's name of the method, or the answer that stands already."""
    first = await call.claim(tx) if call is not None else None
    if isinstance(first, Answer):
        return first
    try:
        method = await _own_method(tx, body, actor)
        token = body.payment_method_id if method is None else method.external_id or ""
        if first is not None:
            return first, token
        intent = await service.open_unadopted(
            tx,
            user_id=actor.id,
            method=method,
            gateway=gateway.name,
            amount_cents=cents_of(body.amount),
            captures_later=policy.at_departure,
        )
    except Situation as situation:
        if call is None:
            raise
        answer = Answer(*refusal(situation))
        await call.keep(tx, answer)
        return answer
    if call is not None:
        await call.leave_subject(tx, intent.id)
    return intent.id, token


async def _own_method(tx: Tx, body: CreateIntent, actor: Actor) -> PaymentMethod | None:
    """Return the person's own method, or None when the body has the gateway's id."""
    try:
        method_id = UUID(body.payment_method_id)
    except ValueError:
        return None
    return await service.get_method_for(tx, actor.id, method_id)


async def _settle(tx: Tx, intent_id: UUID, result: ChargeResult | None) -> Answer:
    if result is None:
        never_made = ChargeResult(None, ChargeStatus.CANCELLED)
        await service.apply_result(tx, intent_id=intent_id, result=never_made, wanted=True)
        return Answer(*refusal(Refused("paymentMethodId", _UNKNOWN)))
    intent = await service.apply_result(tx, intent_id=intent_id, result=result, wanted=True)
    return Answer(200, present_intent(intent))


@webhooks.post(
    "/stripe",
    response_model=WebhookAnswer,
    responses={
        400: {"model": ErrorShape, "description": "The signature is missing, wrong or too old."},
        404: {"model": ErrorShape, "description": "No such gateway is connected."},
    },
)
async def receive_stripe(request: Request, db: Db, gateways: Connected) -> Json:
    """Take a delivery of Stripe; it is checked and kept, and worked afterwards."""
    return await _receive(request, db, gateways.find("stripe"))


@webhooks.post(
    "/sandbox",
    response_model=WebhookAnswer,
    responses={
        400: {"model": ErrorShape, "description": "The signature is missing, wrong or too old."},
        404: {"model": ErrorShape, "description": "No such gateway is connected."},
    },
)
async def receive_sandbox(request: Request, db: Db, gateways: Connected) -> Json:
    """Take a delivery of the built-in sandbox gateway; it is checked and kept, and worked afterwards."""
    return await _receive(request, db, gateways.find("sandbox"))


async def _receive(request: Request, db: Database, gateway: PaymentGateway | None) -> Json:
    if gateway is None:
        raise Absent("There is nothing at this address.")
    event = gateway.read_webhook(request.headers, await request.body())
    async with db.transaction() as tx:
        await inbox.store(
            tx,
            source=gateway.name,
            external_id=event.id,
            kind=event.kind,
            payload={"about": event.about, "intentId": event.intent_id, "externalId": event.external_id},
        )
    return Json({"received": True})
