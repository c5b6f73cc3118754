"""Payment methods, bare orders to pay for, and a gateway whose answers get lost."""

from typing import Any
from uuid import UUID

import httpx

from faded_skies.adapters.sandbox.deliveries import Deliveries, Delivery
from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.adapters.sandbox.world import World
from faded_skies.bootstrap import Application
from faded_skies.domains.payments import service
from faded_skies.domains.payments.errors import GatewayUnavailable
from faded_skies.domains.payments.ports import ChargeRequest, ChargeResult, Gateways, PaymentGateway
from faded_skies.domains.payments.service import BY_CARD, Intent, PaymentMethod, Tender
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


def card_gateway(app: Application) -> PaymentGateway:
    """Return the gateway that charges cards."""
    gateways: Gateways = app.ports.get(Gateways)
    return gateways.for_tender(Tender.CARD)


def sandbox_world(app: Application) -> World:
    """Return the banks, the time and the people behind the sandbox."""
    gateway = card_gateway(app)
    assert isinstance(gateway, SandboxGateway)
    return World(gateway._pool, gateway.changed)


async def deliver_webhooks(app: Application, client: httpx.AsyncClient) -> int:
    """Bring what the sandbox has to tell to our webhook, and return how much was taken."""
    gateway = card_gateway(app)
    assert isinstance(gateway, SandboxGateway)

    async def post(delivery: Delivery) -> bool:
        answer = await client.post("/webhooks/sandbox", content=delivery.body, headers=delivery.headers)
        return answer.is_success

    return await Deliveries(gateway._pool, secret=gateway._secret, deliver=post).send_due()


def only(gateway: PaymentGateway) -> Gateways:
    """Return one gateway as all that are connected."""
    return Gateways(dict.fromkeys(BY_CARD, gateway))


async def keep_card(
    db: Database, gateway: PaymentGateway, user_id: UUID, token: str = "pm_card_visa"
) -> PaymentMethod:
    """Attach a test card and keep it."""
    details = await gateway.attach(await service.get_customer(db, gateway, user_id), token)
    async with db.transaction() as tx:
        return await service.add_card(
            tx, user_id=user_id, tender=Tender.CARD, provider=gateway.name, details=details
        )


async def keep_cash(db: Database, user_id: UUID) -> PaymentMethod:
    async with db.transaction() as tx:
        return await service.add_shop_method(tx, user_id=user_id, tender=Tender.CASH)


async def bare_order(
    db: Database,
    method: PaymentMethod,
    *,
    amount_cents: int = 2450,
    tip_cents: int = 0,
    status: str = "pending",
) -> UUID:
    """Write an order without items straight into its table: payments and coins need only its row.

    A confirmed one by card counts as paid.
    """
    order_id, address_id = new_id(), new_id()
    async with db.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO delivery_addresses (id, user_id, name, address_line1, city, state, zip_code, address_type,
                                            latitude, longitude, precision, formatted_address)
            VALUES ($1, $2, 'Home', '1 Main St', 'Austin', 'TX', '78701', 'home', 30.2672, -97.7431, 'street',
                    '1 Main St, Austin')
            """,
            address_id,
            method.user_id,
        )
        await tx.execute(
            """
            INSERT INTO orders (id, order_number, user_id, cart_id, delivery_address_id, delivery_address,
                payment_method_id, tender, status, subtotal_cents, tax_cents, taxes, delivery_fee_cents, tip_cents,
                total_cents, coins_used, amount_due_cents, paid_cents, payment_status, hold_expires_at, rules_hash)
            VALUES ($1, $2, $3, $4, $5, '{}', $6, $7, $8, $9, 0, '{}', 0, $10, $9::int + $10::int, 0,
                    $9::int + $10::int,
                    CASE WHEN $8 = 'confirmed' AND $7::text = 'card' THEN $9::int + $10::int ELSE 0 END,
                    'unpaid',
                    CASE WHEN $8::text = 'pending' THEN now() + interval '15 minutes' END, 'none')
            """,
            order_id,
            f"T-{order_id.hex}",
            method.user_id,
            new_id(),
            address_id,
            method.id,
            method.type,
            status,
            amount_cents - tip_cents,
            tip_cents,
        )
    return order_id


async def open_intent(
    db: Database,
    method: PaymentMethod,
    order_id: UUID,
    amount_cents: int = 2450,
    *,
    captures_later: bool = False,
) -> Intent:
    async with db.transaction() as tx:
        return await service.open_intent(
            tx,
            user_id=method.user_id,
            order_id=order_id,
            method=method,
            amount_cents=amount_cents,
            captures_later=captures_later,
        )


async def settle(db: Database, intent_id: UUID, result: ChargeResult, *, wanted: bool = True) -> Intent:
    async with db.transaction() as tx:
        return await service.apply_result(tx, intent_id=intent_id, result=result, wanted=wanted)


class LostAnswers:
    """A gateway that does what it is asked, and whose answers to charges never come back."""

    def __init__(self, inner: PaymentGateway) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def charge(self, request: ChargeRequest) -> ChargeResult:
        await self._inner.charge(request)
        raise GatewayUnavailable
