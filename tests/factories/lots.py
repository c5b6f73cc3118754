"""Lots and packing by the doors that staff use."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx

from factories.trade import JSON, Trade
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Lab, NewLot
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


async def make_lot(db: Database, product_id: UUID, *, tag: str, actor_id: UUID, quantity: int = 5) -> UUID:
    """Take a passed lot in, through the service."""
    lot = NewLot(
        id=new_id(),
        product_id=product_id,
        tag=tag,
        quantity=quantity,
        already_counted=0,
        lab=Lab("passed", None, None, None),
        expires_on=None,
        note=None,
    )
    async with db.transaction() as tx:
        return (await inventory.receive(tx, lot, actor_id=actor_id, today=date(2026, 11, 27))).id


async def receive_lot(trade: Trade, product_id: UUID, quantity: int = 10, **fields: Any) -> JSON:
    """Take a passed lot in; returns it."""
    answer = await try_receive(trade, product_id, quantity, **fields)
    assert answer.status_code == 201, answer.text
    lot: JSON = answer.json()["lot"]
    return lot


async def try_receive(trade: Trade, product_id: UUID, quantity: int = 10, **fields: Any) -> httpx.Response:
    body = {
        "productId": str(product_id),
        "tag": f"T{new_id().hex[-20:].upper()}",
        "quantity": quantity,
        "labResult": "passed",
        **fields,
    }
    return await trade.client.post("/api/admin/lots", json=body, headers=trade.admin.headers)


async def of_lot(trade: Trade, lot: JSON, what: str, **body: Any) -> httpx.Response:
    """Do something to a lot: hold, release, recall, adjust, destroy, lab."""
    if what != "lab":
        body = {"reason": "For the test.", **body}
    url = f"/api/admin/lots/{lot['id']}/{what}"
    return await trade.client.post(url, json=body, headers=trade.admin.headers)


async def scan(trade: Trade, order: JSON, *scans: tuple[JSON, int]) -> httpx.Response:
    lines = [{"tag": lot["tag"], "quantity": quantity} for lot, quantity in scans]
    url = f"/api/admin/orders/{order['id']}/pack"
    return await trade.client.post(url, json={"lines": lines}, headers=trade.admin.headers)


async def unscan(trade: Trade, order: JSON, lot: JSON) -> httpx.Response:
    url = f"/api/admin/orders/{order['id']}/pack/{lot['tag']}"
    return await trade.client.delete(url, headers=trade.admin.headers)


async def level(db: Database, product_id: UUID) -> tuple[int, int]:
    """What can be sold of a product, and what is owed to orders."""
    row = await db.fetchrow("SELECT quantity, owed FROM stock_levels WHERE product_id = $1", product_id)
    assert row is not None
    return row["quantity"], row["owed"]


UNEVEN = """
SELECT p.name,
       s.quantity - s.owed AS level,
       (SELECT coalesce(sum(l.quantity), 0) FROM lots l WHERE l.product_id = p.id AND l.on_sale)
       - (SELECT coalesce(sum(i.quantity), 0)
          FROM order_items i JOIN orders o ON o.id = i.order_id
          WHERE i.product_id = p.id AND o.status IN ('pending', 'payment_failed', 'confirmed', 'preparing'))
       + (SELECT coalesce(sum(k.quantity), 0)
          FROM order_packages k JOIN orders o ON o.id = k.order_id
          WHERE k.product_id = p.id AND o.status IN ('pending', 'payment_failed', 'confirmed', 'preparing')) AS lots,
       (SELECT coalesce(sum(m.change), 0) FROM stock_movements m WHERE m.product_id = p.id) AS moved
FROM products p JOIN stock_levels s ON s.product_id = p.id
WHERE EXISTS (SELECT FROM lots l WHERE l.product_id = p.id)
"""
UNEVEN_LOTS = """
SELECT l.tag FROM lots l
WHERE l.quantity <> (SELECT coalesce(sum(m.change), 0) FROM lot_movements m WHERE m.lot_id = l.id)
"""


async def check_even(db: Database) -> None:
    """What can be sold is what lies in lots on sale, less what orders count on and have not got yet."""
    for row in await db.fetch(UNEVEN):
        assert row["level"] == row["lots"] == row["moved"], dict(row)
    assert await db.fetch(UNEVEN_LOTS) == []
