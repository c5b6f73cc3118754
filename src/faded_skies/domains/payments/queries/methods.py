"""SQL of the ways to pay that a person keeps, and of who they are at a gateway."""

from datetime import date
from typing import Any
from uuid import UUID

from faded_skies.domains.payments.models import PaymentMethod
from faded_skies.domains.payments.ports import GatewayName, MethodDetails
from faded_skies.domains.payments.rules import Tender
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_METHOD_COLUMNS = "id, user_id, type, provider, external_id, last_four, card_brand, expires_at, is_primary"
_METHOD = f"{_METHOD_COLUMNS} FROM payment_methods"
_LIST_METHODS = f"SELECT {_METHOD} WHERE user_id = $1 AND is_active ORDER BY is_primary DESC, created_at, id"
_FIND_METHOD = f"SELECT {_METHOD} WHERE user_id = $1 AND id = $2 AND is_active"
_FIND_METHOD_BY_EXTERNAL = (
    f"SELECT {_METHOD} WHERE user_id = $1 AND provider = $2 AND external_id = $3 AND is_active"
)
_FIND_METHOD_BY_TYPE = f"SELECT {_METHOD} WHERE user_id = $1 AND type = $2 AND is_active"
# One person's methods change one after the other, so that exactly one stays primary.
_LOCK_METHODS = "SELECT pg_advisory_xact_lock(hashtextextended('payment_methods:' || $1::text, 0))"
_INSERT_METHOD = f"""
INSERT INTO payment_methods (
    id, user_id, type, provider, external_id, last_four, card_brand, expires_at, is_primary
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8,
       NOT EXISTS (SELECT FROM payment_methods WHERE user_id = $2 AND is_primary)
RETURNING {_METHOD_COLUMNS}
"""
_CLEAR_PRIMARY = (
    "UPDATE payment_methods SET is_primary = false WHERE user_id = $1 AND is_primary AND id <> $2"
)
_SET_PRIMARY = "UPDATE payment_methods SET is_primary = true WHERE id = $1"
_DEACTIVATE_METHOD = "UPDATE payment_methods SET is_active = false, is_primary = false WHERE id = $1"
_PROMOTE_OLDEST = """
UPDATE payment_methods SET is_primary = true
WHERE id = (SELECT id FROM payment_methods WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1)
"""
_LIST_BY_PROVIDER = f"SELECT {_METHOD} WHERE user_id = $1 AND provider = $2 AND is_active"
_DESCRIBE_METHOD = """
UPDATE payment_methods SET last_four = $2, card_brand = $3, expires_at = $4
WHERE id = $1 AND (last_four, card_brand, expires_at) IS DISTINCT FROM ($2, $3, $4)
"""
_FIND_PRIMARY = f"SELECT {_METHOD} WHERE user_id = $1 AND is_primary"

_FIND_CUSTOMER = "SELECT external_id FROM gateway_customers WHERE user_id = $1 AND gateway = $2"
_FIND_USER = "SELECT user_id FROM gateway_customers WHERE gateway = $1 AND external_id = $2"
# Two processes that opened the same customer at once have the same name for them.
_KEEP_CUSTOMER = """
INSERT INTO gateway_customers (user_id, gateway, external_id) VALUES ($1, $2, $3)
ON CONFLICT (user_id, gateway) DO UPDATE SET external_id = gateway_customers.external_id
RETURNING external_id
"""


def _method(row: Row) -> PaymentMethod:
    values: dict[str, Any] = dict(row)
    return PaymentMethod(**{**values, "type": Tender(values["type"])})


async def list_methods(source: Database | Tx, user_id: UUID) -> list[PaymentMethod]:
    return [_method(row) for row in await source.fetch(_LIST_METHODS, user_id)]


async def find_method(source: Database | Tx, user_id: UUID, method_id: UUID) -> PaymentMethod | None:
    row = await source.fetchrow(_FIND_METHOD, user_id, method_id)
    return _method(row) if row else None


async def find_method_by_external(
    tx: Tx, user_id: UUID, provider: str, external_id: str
) -> PaymentMethod | None:
    row = await tx.fetchrow(_FIND_METHOD_BY_EXTERNAL, user_id, provider, external_id)
    return _method(row) if row else None


async def find_method_by_type(tx: Tx, user_id: UUID, tender: Tender) -> PaymentMethod | None:
    row = await tx.fetchrow(_FIND_METHOD_BY_TYPE, user_id, tender)
    return _method(row) if row else None


async def lock_methods(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_LOCK_METHODS, str(user_id))


async def insert_method(
    tx: Tx, *, user_id: UUID, tender: Tender, provider: str, details: MethodDetails | None
) -> PaymentMethod:
    """Insert a method; it becomes primary when there is no other. The caller holds `lock_methods`."""
    row = await tx.fetchrow(
        _INSERT_METHOD,
        new_id(),
        user_id,
        tender,
        provider,
        details and details.external_id,
        details and details.last_four,
        details and details.brand,
        details and details.expires_on,
    )
    assert row is not None  # noqa: S101 - INSERT … RETURNING without ON CONFLICT gives a row or raises
    return _method(row)


async def set_primary(tx: Tx, user_id: UUID, method_id: UUID) -> None:
    """Make a method the only primary one. The caller holds `lock_methods`."""
    await tx.execute(_CLEAR_PRIMARY, user_id, method_id)
    await tx.execute(_SET_PRIMARY, method_id)


async def deactivate_method(tx: Tx, method: PaymentMethod) -> None:
    """Take a method away; the oldest of the others follows a primary one. The caller holds `lock_methods`."""
    await tx.execute(_DEACTIVATE_METHOD, method.id)
    if method.is_primary:
        await tx.execute(_PROMOTE_OLDEST, method.user_id)


async def find_primary(source: Database | Tx, user_id: UUID) -> PaymentMethod | None:
    row = await source.fetchrow(_FIND_PRIMARY, user_id)
    return _method(row) if row else None


async def list_methods_by_provider(tx: Tx, user_id: UUID, provider: str) -> list[PaymentMethod]:
    return [_method(row) for row in await tx.fetch(_LIST_BY_PROVIDER, user_id, provider)]


async def describe_method(tx: Tx, method_id: UUID, *, last_four: str, brand: str, expires_on: date) -> bool:
    """Bring what the gateway says of a card onto its row; False when it said nothing new."""
    return await tx.execute(_DESCRIBE_METHOD, method_id, last_four, brand, expires_on) == 1


async def find_customer(source: Database | Tx, user_id: UUID, gateway: GatewayName) -> str | None:
    """Return the gateway's name of a person."""
    name: str | None = await source.fetchval(_FIND_CUSTOMER, user_id, gateway)
    return name


async def find_user(source: Database | Tx, gateway: GatewayName, customer: str) -> UUID | None:
    """Return whom a gateway calls by this name."""
    user_id: UUID | None = await source.fetchval(_FIND_USER, gateway, customer)
    return user_id


async def keep_customer(tx: Tx, user_id: UUID, gateway: GatewayName, external_id: str) -> str:
    """Write down what the gateway calls a person; who has a name there already keeps it."""
    return str(await tx.fetchval(_KEEP_CUSTOMER, user_id, gateway, external_id))
