"""The ways to pay that a person keeps."""

from dataclasses import replace
from uuid import UUID

from faded_skies.domains.payments import queries
from faded_skies.domains.payments.errors import (
    PaymentMethodNotFound,
)
from faded_skies.domains.payments.events import MethodRemoved
from faded_skies.domains.payments.models import PaymentMethod, Tender
from faded_skies.domains.payments.ports import (
    GatewayName,
    MethodDetails,
)
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


async def add_card(
    tx: Tx, *, user_id: UUID, tender: Tender, provider: GatewayName, details: MethodDetails
) -> PaymentMethod:
    """Keep a card that the gateway has attached; one that is kept already is returned as it is."""
    await queries.lock_methods(tx, user_id)
    kept = await queries.find_method_by_external(tx, user_id, provider, details.external_id)
    if kept is not None:
        return kept
    return await queries.insert_method(tx, user_id=user_id, tender=tender, provider=provider, details=details)


async def add_shop_method(tx: Tx, *, user_id: UUID, tender: Tender) -> PaymentMethod:
    """Offer cash or coins to a person; there is one of each, so a second one is the first."""
    await queries.lock_methods(tx, user_id)
    kept = await queries.find_method_by_type(tx, user_id, tender)
    if kept is not None:
        return kept
    return await queries.insert_method(tx, user_id=user_id, tender=tender, provider="shop", details=None)


async def make_primary(tx: Tx, *, user_id: UUID, method_id: UUID, primary: bool) -> PaymentMethod:
    """Make a method the primary one. Raises PaymentMethodNotFound, or InvalidState if none were left."""
    await queries.lock_methods(tx, user_id)
    method = await get_method_for(tx, user_id, method_id)
    if not primary:
        if method.is_primary:
            raise InvalidState("One method is always the primary one. Make another one primary instead.")
        return method
    await queries.set_primary(tx, user_id, method_id)
    return replace(method, is_primary=True)


async def remove_method(tx: Tx, *, user_id: UUID, method_id: UUID) -> None:
    """Take a method out of a person's account; old orders keep it. Raises PaymentMethodNotFound."""
    await queries.lock_methods(tx, user_id)
    method = await get_method_for(tx, user_id, method_id)
    await queries.deactivate_method(tx, method)
    if method.external_id is not None:
        tx.emit(MethodRemoved(external_id=method.external_id))
