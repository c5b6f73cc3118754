"""The ways to pay that a person keeps."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from faded_skies.domains.payments.errors import (
    CardDeclined,
    OtherWallet,
    PaymentFailed,
    PaymentMethodNotFound,
)
from faded_skies.domains.payments.events import MethodRemoved, PrimaryChanged
from faded_skies.domains.payments.models import PaymentMethod
from faded_skies.domains.payments.ports import GatewayName, MethodDetails, PaymentGateway, Wallet
from faded_skies.domains.payments.queries import methods as queries
from faded_skies.domains.payments.rules import Tender, has_expired
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import InvalidState


async def list_methods(source: Database | Tx, user_id: UUID) -> list[PaymentMethod]:
    """Return a person's methods, the primary one first."""
    return await queries.list_methods(source, user_id)


async def get_method_for(source: Database | Tx, user_id: UUID, method_id: UUID) -> PaymentMethod:
    """Return a person's own, active method. Raises PaymentMethodNotFound."""
    method = await queries.find_method(source, user_id, method_id)
    if method is None:
        raise PaymentMethodNotFound
    return method


async def attach_card(
    gateway: PaymentGateway, *, customer: str, token: str, tender: Tender, today: date
) -> MethodDetails:
    """Have the gateway keep a card. Raises CardDeclined (also for an expired one), UnknownPaymentMethod, OtherWallet.

    Call it outside of any transaction. A card that we do not want is forgotten there again.
    """
    wallet = wallet_of(tender)
    details = await gateway.attach(customer, token, wallet=wallet)
    if details.wallet == wallet and not has_expired(details.expires_on, today=today):
        return details
    await gateway.detach(details.external_id)
    if details.wallet != wallet:
        raise OtherWallet
    raise CardDeclined("expired_card")


def check_not_expired(method: PaymentMethod, *, today: date) -> None:
    """Raise PaymentFailed for a card whose last good day is over."""
    if has_expired(method.expires_at, today=today):
        raise PaymentFailed("expired_card")


def wallet_of(tender: Tender) -> Wallet | None:
    """Return the wallet that a tender's cards come from."""
    if tender is Tender.APPLE_PAY:
        return "apple_pay"
    return "google_pay" if tender is Tender.GOOGLE_PAY else None


async def add_card(
    tx: Tx, *, user_id: UUID, tender: Tender, provider: GatewayName, details: MethodDetails
) -> PaymentMethod:
    """Keep a card that the gateway has attached; one that is kept already is returned as it is."""
    await queries.lock_methods(tx, user_id)
    kept = await queries.find_method_by_external(tx, user_id, provider, details.external_id)
    if kept is not None:
        return kept
    return await _insert(tx, user_id=user_id, tender=tender, provider=provider, details=details)


async def add_shop_method(tx: Tx, *, user_id: UUID, tender: Tender) -> PaymentMethod:
    """Offer cash or coins to a person; there is one of each, so a second one is the first."""
    await queries.lock_methods(tx, user_id)
    kept = await queries.find_method_by_type(tx, user_id, tender)
    if kept is not None:
        return kept
    return await _insert(tx, user_id=user_id, tender=tender, provider="shop", details=None)


async def _insert(
    tx: Tx, *, user_id: UUID, tender: Tender, provider: str, details: MethodDetails | None
) -> PaymentMethod:
    method = await queries.insert_method(
        tx, user_id=user_id, tender=tender, provider=provider, details=details
    )
    if method.is_primary and details is not None:
        tx.emit(PrimaryChanged(user_id=user_id))
    return method


async def make_primary(tx: Tx, *, user_id: UUID, method_id: UUID, primary: bool) -> PaymentMethod:
    """Make a method the primary one. Raises PaymentMethodNotFound, or InvalidState if none were left."""
    await queries.lock_methods(tx, user_id)
    method = await get_method_for(tx, user_id, method_id)
    if not primary:
        if method.is_primary:
            raise InvalidState("One method is always the primary one. Make another one primary instead.")
        return method
    await queries.set_primary(tx, user_id, method_id)
    tx.emit(PrimaryChanged(user_id=user_id))
    return replace(method, is_primary=True)


async def remove_method(tx: Tx, *, user_id: UUID, method_id: UUID) -> None:
    """Take a method out of a person's account; old orders keep it. Raises PaymentMethodNotFound."""
    await queries.lock_methods(tx, user_id)
    method = await get_method_for(tx, user_id, method_id)
    await queries.deactivate_method(tx, method)
    if method.external_id is not None and method.provider != "shop":
        tx.emit(MethodRemoved(external_id=method.external_id, gateway=method.provider))
    if method.is_primary:
        tx.emit(PrimaryChanged(user_id=user_id))


async def tell_default(db: Database, gateway: PaymentGateway, user_id: UUID) -> None:
    """Make a person's primary card their default at the gateway too. Raises GatewayUnavailable.

    It tells what is so now, not what once changed, so that two such calls may come in any order.
    """
    primary = await queries.find_primary(db, user_id)
    customer = await queries.find_customer(db, user_id, gateway.name)
    if primary is None or primary.external_id is None or primary.provider != gateway.name or not customer:
        return
    await gateway.set_default(customer, primary.external_id)


async def adopt_details(
    tx: Tx, *, user_id: UUID, provider: GatewayName, kept: Sequence[MethodDetails]
) -> None:
    """Bring what the gateway keeps for a person onto our rows: renewed cards, and cards that are gone there."""
    await queries.lock_methods(tx, user_id)
    found = {details.external_id: details for details in kept}
    for method in await queries.list_methods_by_provider(tx, user_id, provider):
        details = found.get(method.external_id or "")
        if details is None:
            await queries.deactivate_method(tx, method)
        elif await queries.describe_method(
            tx,
            method.id,
            last_four=details.last_four,
            brand=details.brand,
            expires_on=details.expires_on,
        ):
            tx.audit(
                "payment_method.renewed", object_type="payment_method", object_id=method.id, actor_id=None
            )
